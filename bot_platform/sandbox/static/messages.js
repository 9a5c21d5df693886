// Renders Bot API messages as DOM elements. Text is inserted as text nodes, never as HTML.

const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hour12: false });
const date = new Intl.DateTimeFormat("en", { month: "long", day: "numeric" });

const inline = {
  bold: "strong", italic: "em", underline: "u", strikethrough: "s",
  code: "code", pre: "pre", blockquote: "blockquote", spoiler: "span",
};

export function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

function openable(url) {
  try {
    return ["http:", "https:", "tg:", "mailto:"].includes(new URL(url, location.href).protocol);
  } catch {
    return false;
  }
}

function link(url, className, ...children) {
  const made = element("a", className, ...children);
  if (openable(url)) made.href = url;
  made.target = "_blank";
  made.rel = "noopener";
  return made;
}

function marked(entity, text, children) {
  if (entity.type === "url") return link(text, "", ...children);
  if (entity.type === "text_link") return link(entity.url, "", ...children);
  if (entity.type === "bot_command") {
    const button = element("button", "command", ...children);
    button.type = "button";
    button.dataset.say = text;
    return button;
  }
  const made = element(inline[entity.type] ?? "span", entity.type === "spoiler" ? "spoiler" : "", ...children);
  if (entity.type === "spoiler") made.addEventListener("click", () => made.classList.add("shown"));
  return made;
}

// Entities are sorted, outer ones first. Their offsets are UTF-16 units, as in JavaScript strings.
export function styled(text, entities, from = 0, to = text.length) {
  const parts = [];
  let at = from;
  for (let i = 0; i < entities.length; i += 1) {
    const entity = entities[i];
    const end = Math.min(entity.offset + entity.length, to);
    if (entity.offset < at || end <= at) continue;
    if (entity.offset > at) parts.push(text.slice(at, entity.offset));
    const inner = entities.slice(i + 1).filter((other) => other.offset < end);
    parts.push(marked(entity, text.slice(entity.offset, end), styled(text, inner, entity.offset, end)));
    at = end;
    // A block element breaks the line itself, so skip the newline after it.
    if (["pre", "blockquote"].includes(entity.type) && text[at] === "\n") at += 1;
  }
  if (at < to) parts.push(text.slice(at, to));
  return parts;
}

function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1048576 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1048576).toFixed(1)} MB`;
}

function attachment(document_) {
  const label = element("span", "", element("strong", "", document_.file_name), element("small", "", size(document_.file_size)));
  const made = element("a", "document", element("span", "icon", icon("file")), label);
  made.href = `/demo/file/${encodeURIComponent(document_.file_id)}`;
  made.download = document_.file_name;
  return made;
}

function quote(message) {
  const name = element("strong", "", message.from.first_name);
  return element("span", "reply", name, message.text ?? message.caption ?? message.document?.file_name ?? "");
}

function meta(message, own) {
  const made = element("span", "meta");
  if (message.edit_date) made.append("edited ");
  const stamp = element("time", "", time.format(message.date * 1000));
  stamp.dateTime = new Date(message.date * 1000).toISOString();
  made.append(stamp);
  if (own) made.append(icon("sent"));
  return made;
}

function key(button, messageId) {
  if (button.url) return link(button.url, "key", button.text, icon("out"));
  const made = element("button", "key", button.text);
  made.type = "button";
  made.dataset.messageId = messageId;
  made.dataset.press = button.callback_data ?? "";
  return made;
}

function keys(message) {
  const rows = message.reply_markup?.inline_keyboard ?? [];
  const made = rows.map((row) => element("div", "row", ...row.map((button) => key(button, message.message_id))));
  return made.length ? [element("div", "keys", ...made)] : [];
}

export function bubble(message) {
  const own = !message.from.is_bot;
  const body = element("div", "bubble");
  body.dir = "auto";
  if (message.reply_to_message) body.append(quote(message.reply_to_message));
  if (message.document) body.append(attachment(message.document));
  const text = message.text ?? message.caption ?? "";
  body.append(element("span", "text", ...styled(text, message.entities ?? message.caption_entities ?? [])), meta(message, own));
  const made = element("article", own ? "message out" : "message", body, ...keys(message));
  if (made.querySelector(".keys")) made.classList.add("keyed");
  made.id = `m${message.message_id}`;
  made.setAttribute("aria-label", own ? "You" : message.from.first_name);
  made.dataset.day = new Date(message.date * 1000).toDateString();
  return made;
}

export function day(name) {
  const then = new Date(name);
  const today = new Date();
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
  const names = { [today.toDateString()]: "Today", [yesterday.toDateString()]: "Yesterday" };
  const made = element("div", "day", names[name] ?? date.format(then));
  // The date is rebuilt with every message; a screen reader would read it each time.
  made.setAttribute("aria-hidden", "true");
  return made;
}
