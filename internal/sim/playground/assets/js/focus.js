// Where the focus goes when what had it is gone: back to where it came from, or to where one writes. Never to nowhere.

/** remembered notes where the focus is, and returns what brings it back there. */
export function remembered() {
  const was = document.activeElement;
  const name = was?.dataset?.focus;
  const side = sideOf(was);
  return () => {
    const again = was !== document.body && was?.isConnected ? was : name && document.querySelector(`[data-focus="${CSS.escape(name)}"]`);
    if (again && again.checkVisibility()) again.focus();
    if (nowhere()) home(side);
  };
}

let held; // {node, side} before the views were drawn

/** holdFocus and keepFocus stand around the drawing of the views: the second one helps when what had the focus went. */
export function holdFocus() {
  held = { node: document.activeElement, side: sideOf(document.activeElement) };
}

export function keepFocus() {
  const lost = held.node !== document.body && held.node && !(held.node.isConnected && held.node.checkVisibility());
  if (lost && nowhere()) home(held.side);
}

/** nowhere tells whether nothing that can be seen has the focus. */
function nowhere() {
  const now = document.activeElement;
  return !now || now === document.body || !now.checkVisibility();
}

function sideOf(node) {
  return node?.closest?.("#thread, #panel") ?? document.getElementById("conversation");
}

/** home gives the focus to the field to write in, or where there is none, or a finger would get a keyboard for it, to
 * what there is to read. */
function home(side) {
  const field = matchMedia("(hover: none)").matches ? [] : [".composer-field"];
  const places = [side, document.getElementById("conversation"), document.getElementById("panel")];
  for (const place of places) {
    for (const what of [...field, ".messages", ".home", "[role=tabpanel]:not([hidden])"]) {
      const node = place?.querySelector(what);
      if (node?.checkVisibility()) return node.focus();
    }
  }
}
