// Dialogs that ask before something is sent.
import { freshID, h } from "./dom.js";
import { remembered } from "./focus.js";
import { textObject } from "./text.js";

/** confirmed shows a confirmation dialog as Slack does, and resolves to whether the person said yes. composed is the
 * confirm object of Block Kit, told the texts that Slack puts in where it has none. */
export function confirmed(composed, told, book) {
  return new Promise((resolve) => {
    const back = remembered();
    const title = freshID("confirm");
    const text = freshID("confirm");
    const dialog = h(
      "dialog",
      { class: "confirm", "aria-labelledby": title, "aria-describedby": text },
      h("h2", { id: title }, told.title),
      h("p", { id: text }, composed.text ? textObject(composed.text, book) : told.text),
      h(
        "div",
        { class: "dialog-foot" },
        h("button", { type: "button", class: "button", onclick: () => dialog.close("") }, told.no),
        h("button", { type: "button", class: `button ${composed.style === "danger" ? "danger" : "primary"}`, autofocus: true, onclick: () => dialog.close("yes") }, told.yes),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      back();
      resolve(dialog.returnValue === "yes");
    });
    document.getElementById("dialogs").append(dialog);
    dialog.showModal();
  });
}
