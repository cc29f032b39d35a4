// Building and keeping DOM. Text goes in as text nodes only: nothing here, and nothing that uses it, writes HTML.

/** h makes an element. Attributes named on… are listeners, class and dataset are themselves, null and false are left
 * out. Children are nodes, strings, or lists of them. */
export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(node.dataset, value);
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...flat(children));
  return node;
}

function flat(children) {
  return children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false && c !== "");
}

/** fill replaces what is in a node. */
export function fill(node, ...children) {
  node.replaceChildren(...flat(children));
}

const drawn = new WeakMap(); // node → {key, looks, update}

/** keep makes the children of parent be what items say, and keeps every node whose item looks as before, so that
 * focus, selection and what was typed survive. An item is {key, looks, make, update?}: make returns the node, update
 * is told of a node that was kept. */
export function keep(parent, items) {
  const old = new Map();
  for (const node of parent.childNodes) {
    const was = drawn.get(node);
    if (was) old.set(was.key, node);
  }
  const focus = focusIn(parent);
  let place = parent.firstChild;
  for (const item of items) {
    let node = old.get(item.key);
    if (node && drawn.get(node).looks === item.looks) {
      item.update?.(node);
    } else {
      const fresh = item.make();
      drawn.set(fresh, { key: item.key, looks: item.looks });
      if (node) {
        if (place === node) place = node.nextSibling;
        node.remove();
      }
      node = fresh;
    }
    old.delete(item.key);
    if (node === place) place = node.nextSibling;
    else parent.insertBefore(node, place);
  }
  for (const node of [...parent.childNodes]) {
    const was = drawn.get(node);
    if (!was || old.get(was.key) === node) node.remove();
  }
  giveFocus(parent, focus);
}

function focusIn(parent) {
  const active = document.activeElement;
  return parent.contains(active) ? active.dataset.focus : undefined;
}

function giveFocus(parent, name) {
  if (name === undefined || parent.contains(document.activeElement)) return;
  for (const node of parent.querySelectorAll("[data-focus]")) {
    if (node.dataset.focus === name) return node.focus();
  }
}

let last = 0;

/** freshID is an id for labels and descriptions. */
export function freshID(prefix) {
  last += 1;
  return `${prefix}-${last}`;
}

/** debounced calls f once no further call has come for some milliseconds; flush calls it at once if it waits. */
export function debounced(f, milliseconds) {
  let timer;
  let args;
  const run = () => {
    timer = undefined;
    return f(...args);
  };
  const later = (...given) => {
    args = given;
    clearTimeout(timer);
    timer = setTimeout(run, milliseconds);
  };
  later.flush = () => {
    if (timer === undefined) return undefined;
    clearTimeout(timer);
    return run();
  };
  return later;
}
