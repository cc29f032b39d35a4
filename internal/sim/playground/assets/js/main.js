// The page: what there is to see comes by a stream, and every view draws itself from it.
import { drawCoach } from "./coach.js";
import { drawConversation, mountConversation } from "./conversation.js";
import { holdFocus, keepFocus } from "./focus.js";
import { drawModal } from "./modal.js";
import { closeMenus } from "./more.js";
import { drawPanel, mountPanel, showSide } from "./panel.js";
import { follow } from "./server.js";
import { drawPeople, drawSidebar, mountSidebar } from "./sidebar.js";
import { store, view } from "./store.js";

/** The token has done its work: the cookie opens the page from now on. */
history.replaceState(null, "", location.pathname + location.hash);

const setting = await (await fetch("setting")).json();
const place = new URLSearchParams(location.hash.slice(1));
Object.assign(store, {
  setting,
  me: setting.people.some((p) => p.handle === place.get("as")) ? place.get("as") : setting.people[0].handle,
  at: place.get("at") || setting.channel,
});

document.querySelector("#top h1 span").textContent = setting.title;
mountSidebar();
mountConversation();
mountPanel();
for (const button of document.querySelectorAll("#switch button")) button.addEventListener("click", () => showSide(button.dataset.side));
showSide("workspace");

document.addEventListener("click", closeMenus);
view(holdFocus);
let following = "";
view(() => {
  if (following !== store.me) follow((following = store.me));
  history.replaceState(null, "", `#as=${store.me}&at=${store.at}`);
  const state = document.getElementById("link-state");
  const text = store.live === false ? "The playground does not answer" : "";
  if (state.textContent !== text) state.textContent = text;
});
view(drawPeople);
view(drawSidebar);
view(drawConversation);
view(drawModal);
view(drawPanel);
view(drawCoach);
view(keepFocus);
document.body.dataset.ready = "true";
