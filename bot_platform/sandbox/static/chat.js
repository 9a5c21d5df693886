// The chat: follows the server's event stream, shows the messages, sends texts and button presses.

import { clearPanel, showPanelData } from "./ledger_panel.js";
import { bubble, day, element } from "./messages.js";

const $ = (id) => document.getElementById(id);
const wide = matchMedia("(min-width: 62rem)");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const answerTimeoutMs = 15000;
const typingMs = 5500;
const tabs = new BroadcastChannel("demo");
let commands = [];
let offered = [];
let chosen = -1;
let unread = 0;
let typingTimer;
let scrollTimer;
let toastTimer;
let source;

// Requests and the event stream

async function post(path, body = {}) {
  try {
    const response = await fetch(`/demo/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Demo": "1" },
      body: JSON.stringify(body),
    });
    if (response.ok) return true;
    toast((await response.json()).status ?? "This did not work.");
  } catch {
    toast("No connection. Please try again in a moment.");
  }
  return false;
}

function reset() {
  count(0);
  $("log").replaceChildren();
  clearPanel();
  listen();
}

function listen() {
  source?.close();
  source = new EventSource("/demo/events");
  source.addEventListener("state", ({ data }) => showAll(JSON.parse(data)));
  source.addEventListener("menu", ({ data }) => showMenu(JSON.parse(data)));
  source.addEventListener("change", ({ data }) => showChange(JSON.parse(data)));
  source.addEventListener("books", ({ data }) => showPanelData(JSON.parse(data)));
  source.addEventListener("error", () => {
    status("connecting", true);
    // The browser does not reconnect after an answer that is no stream, such as a proxy's 502.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  });
}

// The message log

const atBottom = () => $("scroll").scrollHeight - $("scroll").scrollTop - $("scroll").clientHeight < 80;

function toBottom(smooth = false) {
  $("scroll").scrollTo({ top: $("scroll").scrollHeight, behavior: smooth && !calm.matches ? "smooth" : "instant" });
}

function showAll(state) {
  const stay = !atBottom() && $("log").childElementCount > 0;
  const top = $("scroll").scrollTop;
  $("log").setAttribute("aria-busy", "true");
  $("log").replaceChildren(...state.messages.map(bubble));
  $("person").textContent = state.person;
  showMenu(state);
  arrange();
  status("bot");
  $("log").removeAttribute("aria-busy");
  if (stay) $("scroll").scrollTop = top;
  else toBottom();
}

function showChange(change) {
  if (change.kind === "message") arrived(change.message);
  if (change.kind === "edited") edited(change.message);
  if (change.kind === "deleted") $(`m${change.message_id}`)?.remove();
  if (change.kind === "typing") typing(change.action);
  if (change.kind === "answered") answered(change);
  if (change.kind === "deleted") arrange();
}

function arrived(message) {
  if ($(`m${message.message_id}`)) return;
  const follow = atBottom() || !message.from.is_bot;
  const made = bubble(message);
  made.classList.add("fresh");
  $("log").append(made);
  arrange();
  if (message.from.is_bot) status("bot");
  if (follow) toBottom(true);
  else count(unread + 1);
}

function edited(message) {
  const old = $(`m${message.message_id}`);
  if (!old) return;
  const follow = atBottom();
  const made = bubble(message);
  // A button that the edit keeps also keeps its spinner.
  for (const busy of old.querySelectorAll(".key.busy")) keyOf(made, busy.dataset.press)?.classList.add("busy");
  old.replaceWith(made);
  arrange();
  if (follow) toBottom();
}

// Insert the dates and mark the first and last bubble of each group.
function arrange() {
  // A sticky date must stay sticky when it is rebuilt, or it would flash with every edit.
  const stuck = [...$("log").querySelectorAll(".day.stuck")].map((old) => old.textContent);
  for (const old of $("log").querySelectorAll(".day")) old.remove();
  const all = [...$("log").querySelectorAll(".message")];
  all.forEach((made, i) => {
    const { previous, next } = { previous: all[i - 1], next: all[i + 1] };
    const newDay = previous?.dataset.day !== made.dataset.day;
    const joins = (other) => other && other.classList.contains("out") === made.classList.contains("out") && other.dataset.day === made.dataset.day;
    made.classList.toggle("first", !joins(previous));
    made.classList.toggle("last", !joins(next));
    if (!newDay) return;
    const date = day(made.dataset.day);
    date.classList.toggle("stuck", stuck.includes(date.textContent));
    made.before(date);
  });
  $("empty").hidden = all.length > 0;
  $("start").hidden = all.length > 0;
  $("composer").hidden = all.length === 0;
  hint();
}

function count(number) {
  unread = number;
  $("unread").textContent = number;
  $("unread").hidden = number === 0;
}

// A sticky date is visible only while the log scrolls.
function showDate() {
  const top = $("scroll").getBoundingClientRect().top;
  for (const each of $("log").querySelectorAll(".day")) each.classList.toggle("stuck", each.getBoundingClientRect().top - top < 8);
  clearTimeout(scrollTimer);
  scrollTimer = setTimeout(() => $("scroll").classList.remove("scrolling"), 900);
}

for (const kind of ["wheel", "touchmove"]) $("scroll").addEventListener(kind, () => $("scroll").classList.add("scrolling"), { passive: true });
$("scroll").addEventListener("scroll", () => {
  showDate();
  $("down").hidden = atBottom();
  if (atBottom()) count(0);
});
$("down").addEventListener("click", () => toBottom(true));
new ResizeObserver(() => { if ($("down").hidden) toBottom(); }).observe($("scroll"));

// The bot's status

function status(text, busy = false) {
  clearTimeout(typingTimer);
  $("status").textContent = text;
  $("status").classList.toggle("busy", busy);
}

function typing(action) {
  status(action === "typing" ? "typing" : action.startsWith("upload") ? "sending a file" : "working", true);
  typingTimer = setTimeout(() => status("bot"), typingMs);
}

function toast(text) {
  clearTimeout(toastTimer);
  $("toast").textContent = text;
  $("toast").hidden = false;
  toastTimer = setTimeout(() => { $("toast").hidden = true; }, 3500);
}

// Buttons under messages

const keyOf = (message, data) => [...(message?.querySelectorAll("button.key") ?? [])].find((each) => each.dataset.press === data);

async function press(button) {
  if (button.classList.contains("busy")) return;
  const { messageId, press: data } = button.dataset;
  button.classList.add("busy");
  button.setAttribute("aria-busy", "true");
  setTimeout(() => settle(messageId, data), answerTimeoutMs);
  if (!await post("press", { message_id: Number(messageId), data })) settle(messageId, data);
}

function settle(messageId, data) {
  const button = keyOf($(`m${messageId}`), data);
  button?.classList.remove("busy");
  button?.removeAttribute("aria-busy");
}

function answered(change) {
  settle(change.message_id, change.data);
  if (!change.text) return;
  if (!change.alert) return toast(change.text);
  $("alert-text").textContent = change.text;
  if (!$("alert").open) $("alert").showModal();
}

// Sending a text

async function say(text) {
  toBottom();
  return post("say", { text });
}

function grow() {
  if ($("composer").hidden) return;
  $("text").style.height = "auto";
  $("text").style.height = `${$("text").scrollHeight}px`;
}

async function submit() {
  const text = $("text").value;
  if (!text.trim()) return $("text").focus();
  $("text").value = "";
  grow();
  offer([]);
  if (!await say(text) && !$("text").value) {
    $("text").value = text;
    grow();
  }
}

$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
$("text").addEventListener("input", () => {
  grow();
  const typed = $("text").value;
  offer(/^\/\w*$/.test(typed) ? commands.filter(({ command }) => `/${command}`.startsWith(typed.toLowerCase())) : []);
});
$("text").addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (offered.length && event.key in steps) {
    event.preventDefault();
    choose((chosen + steps[event.key] + offered.length) % offered.length);
  } else if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    if (chosen >= 0) $("text").value = `/${offered[chosen].command}`;
    submit();
  }
});
$("start").addEventListener("click", async () => {
  if (await say("/start") && wide.matches) $("text").focus();
});

// The menu of commands

function showMenu(state) {
  commands = state.commands;
  $("menu").hidden = commands.length === 0;
  $("description").textContent = state.description || "Press START to begin.";
  // Hide examples of commands that this bot does not have.
  const offers = new Set(["/start", ...commands.map(({ command }) => `/${command}`)]);
  for (const each of document.querySelectorAll("button.try")) each.closest("li").hidden = !offers.has(commandOf(each.dataset.say));
  hint();
}

const commandOf = (text) => text.split(/\s/, 1)[0];

// Hide the hint of a command that was used.
function hint() {
  const used = [...$("log").querySelectorAll(".out .text")].map((each) => commandOf(each.textContent));
  const hints = [...$("hints").children];
  for (const each of hints) each.hidden = used.includes(commandOf(each.dataset.say)) || !commands.some(({ command }) => `/${command}` === commandOf(each.dataset.say));
  $("hints").hidden = $("composer").hidden || hints.every((each) => each.hidden);
}

function offer(list) {
  offered = list;
  chosen = -1;
  $("commands").replaceChildren(...list.map(({ command, description }) => {
    const item = element("button", "", element("b", "", `/${command}`), element("span", "", description));
    item.type = "button";
    item.setAttribute("role", "menuitem");
    item.dataset.say = `/${command}`;
    return item;
  }));
  $("commands").hidden = list.length === 0;
  $("menu").setAttribute("aria-expanded", String(list.length > 0));
}

function choose(place) {
  chosen = place;
  [...$("commands").children].forEach((item, i) => item.classList.toggle("chosen", i === place));
  $("commands").children[place].scrollIntoView({ block: "nearest" });
}

$("menu").addEventListener("click", () => offer(offered.length ? [] : commands));

// The panel, and clicks on buttons with data attributes

function showPanel(open) {
  $("panel").classList.toggle("open", open);
  $("who").setAttribute("aria-expanded", String(open));
  if (open && !wide.matches) $("hide").focus();
}

for (const id of ["who", "about"]) $(id).addEventListener("click", () => showPanel(!wide.matches));
$("hide").addEventListener("click", () => showPanel(false));
$("fresh").addEventListener("click", async () => {
  if (!await post("new")) return;
  showPanel(false);
  reset();
  tabs.postMessage("reset");
});
// All tabs share the cookie: the other tabs must switch to the new person too.
tabs.addEventListener("message", reset);
document.addEventListener("click", ({ target }) => {
  const key = target.closest("button.key");
  const saying = target.closest("[data-say]");
  if (key) press(key);
  if (saying) {
    offer([]);
    showPanel(false);
    // Clear a half-typed command, but keep any other draft.
    if ($("text").value.startsWith("/")) $("text").value = "";
    grow();
    say(saying.dataset.say);
  } else if (!target.closest("#bottom")) offer([]);
});
document.addEventListener("keydown", ({ key }) => {
  if (key !== "Escape") return;
  offer([]);
  showPanel(false);
});

listen();
