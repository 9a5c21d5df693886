// The side panel: HTML from the server, the fault switches, and the buttons that act on payments.

const $ = (id) => document.getElementById(id);
const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const allOff = { twice: false, shuffled: false, lost: false, down: false, refuses: false, key_reused: false, late: 0, slow: 0 };
let dayIsOn = false;

export function showPanelData({ books, payments, mischief: switches, day, day_is_on: isOn }) {
  render($("book"), books);
  showDay(day, isOn);
  if (!switches) return;
  render($("payments"), payments);
  showSwitches(switches);
}

export function clearPanel() {
  $("book")?.replaceChildren();
  $("payments")?.replaceChildren();
  showError("");
}

// The server escapes its HTML. The focus stays on the same button.
function render(place, html) {
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.act : undefined;
  place.innerHTML = html;
  for (const each of place.querySelectorAll("time")) each.textContent = time.format(new Date(each.dateTime));
  const buttons = [...place.querySelectorAll(".act")];
  if (focused) (buttons.find((each) => each.dataset.act === focused) ?? buttons[0])?.focus();
}

async function post(path, body) {
  try {
    const response = await fetch(`${$("worst").dataset.stripe}/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    showError(response.ok ? "" : answer.error?.message ?? "This did not work.");
    return response.ok ? answer : null;
  } catch {
    showError("No connection. Please try again in a moment.");
    return null;
  }
}

function showError(text) {
  if (!$("refused")) return;
  $("refused").textContent = text;
  $("refused").hidden = !text;
}

// The worst day

function showDay(html, isOn) {
  if (!$("day")) return;
  if ($("day").dataset.html !== html) $("day").innerHTML = html;
  $("day").dataset.html = html;
  dayIsOn = isOn;
  $("play").textContent = isOn ? "End the day" : "Play a worst day";
}

$("play")?.addEventListener("click", async () => {
  const response = await fetch("/demo/day", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Demo": "1" },
    body: JSON.stringify({ play: !dayIsOn }),
  }).catch(() => null);
  showError(response?.ok ? "" : "No connection. Please try again in a moment.");
});

// Fault switches

function showSwitches(now) {
  for (const input of $("mischief").querySelectorAll("input")) {
    if (input.type === "checkbox") input.checked = now[input.name];
    else if (input !== document.activeElement) input.value = now[input.name];
  }
  const on = Object.values(now).filter(Boolean).length;
  $("troubles").textContent = `${on} on`;
  $("troubles").hidden = on === 0;
}

async function change(switches) {
  const now = await post("mischief", switches);
  if (now) showSwitches(now);
}

$("mischief")?.addEventListener("change", ({ target }) => {
  if (target.type === "checkbox") change({ [target.name]: target.checked });
  else if (target.reportValidity()) change({ [target.name]: target.valueAsNumber });
});
$("mischief")?.addEventListener("submit", (event) => event.preventDefault());
$("well")?.addEventListener("click", () => change(allOff));

// Actions on a payment

$("payments")?.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-act]");
  if (!button || button.getAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true");
  await post("act", JSON.parse(button.dataset.act));
  button.removeAttribute("aria-busy");
});
