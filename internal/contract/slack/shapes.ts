// What is said to Slack and heard from it, in the types that Slack publishes. Blocks are KnownBlock here: the
// published types also take any Block at all, which would find nothing.
import type {
  AckFn, BlockAction, BlockSuggestion, EnvelopedEvent, GlobalShortcut, MessageShortcut, OptionGroups, RespondArguments, SlashCommand,
  ViewClosedAction, ViewResponseAction, ViewSubmitAction,
} from '@slack/bolt';
import type { BlockOptions } from '@slack/bolt/dist/types/options/index.js';
import type { AppHomeOpenedEvent, HomeView, KnownBlock, ModalView } from '@slack/types';
import type {
  ChatGetPermalinkArguments, ChatPostEphemeralArguments, ChatPostMessageArguments, ChatUpdateArguments, ConversationsHistoryArguments,
  ConversationsMembersArguments, ConversationsOpenArguments, ConversationsRepliesArguments, FilesCompleteUploadExternalArguments,
  FilesGetUploadURLExternalArguments, UsergroupsUsersListArguments, UsersInfoArguments, ViewsOpenArguments, ViewsPublishArguments, ViewsPushArguments, ViewsUpdateArguments,
} from '@slack/web-api';

type Known<T> = T & { blocks?: KnownBlock[] };
type View = (Omit<ModalView, 'blocks'> | Omit<HomeView, 'blocks'>) & { blocks: KnownBlock[] };
type WithView<T> = T & { view: View };

export type Modal = Omit<ModalView, 'blocks'> & { blocks: KnownBlock[] };
export type Home = Omit<HomeView, 'blocks'> & { blocks: KnownBlock[] };
export type Blocks = KnownBlock[];

// Calls of the Web API.
export type Calls = {
  'auth.test': Record<string, never>;
  'apps.connections.open': Record<string, never>;
  'chat.getPermalink': ChatGetPermalinkArguments;
  'chat.postMessage': Known<ChatPostMessageArguments>;
  'chat.postEphemeral': Known<ChatPostEphemeralArguments>;
  'chat.update': Known<ChatUpdateArguments>;
  'conversations.history': ConversationsHistoryArguments;
  'conversations.members': ConversationsMembersArguments;
  'conversations.open': ConversationsOpenArguments;
  'conversations.replies': ConversationsRepliesArguments;
  'files.completeUploadExternal': FilesCompleteUploadExternalArguments;
  // Slack's docs call the description alt_txt; the type, and Slack's own client, call it alt_text.
  'files.getUploadURLExternal': Omit<FilesGetUploadURLExternalArguments, 'alt_text'> & { alt_txt?: string };
  'usergroups.users.list': UsergroupsUsersListArguments;
  'users.info': UsersInfoArguments;
  'views.open': WithView<ViewsOpenArguments>;
  'views.push': WithView<ViewsPushArguments>;
  'views.publish': WithView<ViewsPublishArguments>;
  'views.update': WithView<ViewsUpdateArguments>;
  response_url: Known<RespondArguments>;
};

// What Slack sends.
export type Payloads = {
  slash_commands: SlashCommand;
  block_actions: BlockAction;
  block_suggestion: BlockSuggestion;
  view_submission: ViewSubmitAction;
  view_closed: ViewClosedAction;
  shortcut: GlobalShortcut;
  message_action: MessageShortcut;
  event_callback: EnvelopedEvent<AppHomeOpenedEvent>;
};

// What it gets back at once.
type Acked<T> = T extends AckFn<infer R> ? R : never;
export type Answers = {
  slash_commands: Acked<AckFn<Known<RespondArguments>>>;
  block_suggestion: BlockOptions | OptionGroups<BlockOptions>;
  view_submission: ViewResponseAction;
};
