// A small app on Slack's own framework: an independent receiver of what the stand-in workspace signs and delivers, and
// through @slack/web-api and @slack/socket-mode an independent client of what it serves. It asks for a note, posts it,
// and edits the message when its button is pressed. Every line that it prints is one thing that it met, as JSON.
import bolt from '@slack/bolt';

const say = (met) => console.log(JSON.stringify(met));
const { MODE, API_URL, BOT_TOKEN, APP_TOKEN, SIGNING_SECRET, CHANNEL } = process.env;
const clientOptions = { slackApiUrl: API_URL, retryConfig: { retries: 2, minTimeout: 10, maxTimeout: 20 } };
const quiet = { debug() {}, info() {}, warn() {}, error(...m) { const text = m.join(' '); say({ met: text.startsWith('invalid slack file') ? 'refusal' : 'error', text }); }, setLevel() {}, getLevel: () => 'error', setName() {} };
const common = { token: BOT_TOKEN, clientOptions, logger: quiet };
const app = MODE === 'socket'
  ? new bolt.App({ ...common, socketMode: true, appToken: APP_TOKEN })
  : new bolt.App({ ...common, signingSecret: SIGNING_SECRET, endpoints: ['/slack/commands', '/slack/interactivity', '/slack/options', '/slack/events'] });

const text = (s) => ({ type: 'plain_text', text: s });
const form = {
  type: 'modal', callback_id: 'form', title: text('A note'), submit: text('Post'), notify_on_close: true,
  blocks: [
    { type: 'input', block_id: 'where', label: text('Where'), dispatch_action: true,
      element: { type: 'external_select', action_id: 'pick', min_query_length: 0 } },
    { type: 'input', block_id: 'note', label: text('Note'), element: { type: 'plain_text_input', action_id: 'text' } },
  ],
};
const card = (note, extra) => [
  { type: 'section', text: { type: 'mrkdwn', text: note } },
  { type: 'actions', elements: [{ type: 'button', action_id: 'done', value: 'x', text: text('Done') }] },
].slice(0, extra ? 1 : 2);

// picture uploads a picture that is shared nowhere, and shows it in a direct message as soon as Slack lets it.
async function picture(client, user) {
  const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==', 'base64');
  const uploaded = await client.filesUploadV2({ file: png, filename: 'dot.png', title: 'A dot', alt_text: 'a dot' });
  const { id } = uploaded.files[0].files[0];
  const { channel } = await client.conversations.open({ users: user });
  const shown = { channel: channel.id, text: 'a dot', blocks: [{ type: 'image', alt_text: 'a dot', slack_file: { id } }] };
  const refused = await client.chat.postMessage(shown).catch((e) => e.data?.error);
  const posted = await client.chat.postMessage(shown);
  say({ met: 'pictured', file: id, refused, ts: posted.ts });
}

app.command('/remote-cluster', async ({ ack, command, client, respond }) => {
  say({ met: 'command', text: command.text });
  await ack();
  if (command.text === 'picture') {
    await picture(client, command.user_id);
    return;
  }
  const opened = await client.views.open({ trigger_id: command.trigger_id, view: form });
  say({ met: 'opened', view: opened.view.id });
  await respond({ response_type: 'ephemeral', text: 'The form is open.' });
});
app.options('pick', async ({ ack, options }) => {
  say({ met: 'options', value: options.value });
  await ack({ options: ['logs', 'metrics'].map((v) => ({ text: text(v), value: v })) });
});
app.action('pick', async ({ ack, body }) => {
  await ack();
  say({ met: 'picked', view: body.view.id });
});
app.view('form', async ({ ack, view, client }) => {
  const note = view.state.values.note.text.value;
  const where = view.state.values.where.pick.selected_option.value;
  say({ met: 'submission', note, where });
  if (note === 'bad') {
    await ack({ response_action: 'errors', errors: { note: 'Write something better' } });
    return;
  }
  await ack();
  const posted = await client.chat.postMessage({ channel: CHANNEL, text: note, blocks: card(`${note} in ${where}`) });
  say({ met: 'posted', ts: posted.ts });
});
app.view({ callback_id: 'form', type: 'view_closed' }, async ({ ack }) => { await ack(); say({ met: 'closed' }); });
app.action('done', async ({ ack, body, client }) => {
  await ack();
  const updated = await client.chat.update({ channel: body.channel.id, ts: body.message.ts, text: 'done', blocks: card('Done, thank you', true) });
  say({ met: 'updated', ts: updated.ts });
});
app.event('app_home_opened', async ({ event, client }) => {
  say({ met: 'event', user: event.user });
  await client.views.publish({ user_id: event.user, view: { type: 'home', blocks: card('Welcome', true) } });
  const { members } = await client.users.list({});
  const fault = await client.chat.postMessage({ channel: 'C0NOWHERE0', text: 'x' }).catch((e) => e.data?.error);
  say({ met: 'published', members: members.length, fault });
});
app.error(async (e) => say({ met: 'error', text: e.message }));

const server = await app.start(0);
say({ met: 'started', port: MODE === 'socket' ? 0 : server.address().port });
process.stdin.resume().on('end', async () => { await app.stop(); process.exit(0); });
