// The same as bench/ack's server, in Bolt for JavaScript: a verified slash command that opens a modal, a button, a
// submission. Run by bench/run.sh.
const { App, LogLevel } = require('@slack/bolt');

const app = new App({
  token: 'xoxb-bench',
  signingSecret: process.env.SIGNING_SECRET,
  clientOptions: { slackApiUrl: process.env.SLACK_API_URL },
  endpoints: ['/slack/commands', '/slack/interactivity'],
  logLevel: LogLevel.ERROR,
});

const view = {
  type: 'modal', callback_id: 'connect',
  title: { type: 'plain_text', text: 'Connect' }, submit: { type: 'plain_text', text: 'Ask' },
  blocks: [{
    type: 'input', block_id: 'block0', label: { type: 'plain_text', text: 'Alias' },
    element: { type: 'plain_text_input', action_id: 'action0' },
  }],
};

app.command('/rc', async ({ ack, client, body }) => {
  await ack();
  await client.views.open({ trigger_id: body.trigger_id, view });
});
app.action('approve', async ({ ack }) => ack());
app.view('connect', async ({ ack, view }) => {
  if (!view.state.values.block0.action0.value) throw new Error('nothing filled in');
  await ack();
});

app.start({ port: Number(process.env.PORT), host: '127.0.0.1' }).then(() => console.log('listening'));
