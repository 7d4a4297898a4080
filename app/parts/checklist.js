// Items to answer, one click or key each. Answers go to Python as numbered events in a queue, from
// which they are taken when Python says that it has heard them (data.seen). So none is lost when they
// come faster than the page is drawn; what is not heard yet is shown at once, and sent again if
// nothing is heard for a while. Numbers are times, so that they grow even when the component is
// mounted anew; an event says what an item is to be, so hearing it twice does no harm.
const kept = new WeakMap()
const AGAIN = 4000 // milliseconds before an event that was not heard is sent again; doubled each time

export default function (component) {
  const { data, parentElement, setStateValue } = component
  let own = kept.get(parentElement)
  if (!own) {
    own = { sent: [], last: 0, open: {}, root: document.createElement("div") }
    own.root.className = "sheet"
    parentElement.querySelector("#root").replaceChildren(own.root)
    kept.set(parentElement, own)
  }
  own.last = Math.max(own.last, data.seen)
  own.sent = own.sent.filter(event => event.n > data.seen)
  own.data = data
  own.tell = () => setStateValue("events", [...own.sent])
  own.emit = event => {
    own.last = Math.max(own.last + 1, Date.now())
    own.sent = [...own.sent, { ...event, n: own.last }]
    own.tell()
    insist(own, AGAIN)
    draw(own)
  }
  const text = JSON.stringify(data.parts)
  if (text !== own.text || own.sent.length === 0) {
    own.text = text
    draw(own)
  }
}

// sends what was not heard once more, later and later
function insist(own, wait) {
  clearTimeout(own.timer)
  own.timer = setTimeout(() => {
    if (own.sent.length === 0 || !own.root.isConnected) return
    own.tell()
    insist(own, 2 * wait)
  }, wait)
}

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") Object.assign(element, value)
    else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : value)
    }
  }
  element.append(...children.filter(child => child !== null))
  return element
}

// what is shown: what Python knows, and clicks it has not seen yet
function state(own, line, item) {
  let now = item.state
  for (const event of own.sent) {
    if (event.line === line.id && item.closes && !now && !item.implied) now = "absent"
    if (event.item === item.id) now = event.value
  }
  return now
}

function draw(own) {
  const root = own.root
  const shadow = root.getRootNode()
  const focused = shadow.activeElement?.dataset?.focus
  const parts = own.data.parts.map(part => (part.chips ? chips(own, part) : section(own, part)))
  const before = root.querySelectorAll(".chip").length
  lay(root, parts)
  const shown = root.querySelector(".chips")
  if (shown && root.querySelectorAll(".chip").length > before) shown.scrollTop = shown.scrollHeight
  if (focused && shadow.activeElement?.dataset?.focus !== focused) {
    const again = root.querySelector(`[data-focus="${CSS.escape(focused)}"]`)
    const next = again ?? root.querySelector("button.chip")
    next?.focus({ preventScroll: true })
  }
}

function section(own, part) {
  const body = part.lines.map(line => lineOf(own, line))
  if (!part.folded) return make("div", { class: "sheet" }, ...body)
  const known = part.lines.flatMap(line => line.items.filter(item => state(own, line, item)))
  const all = part.lines.reduce((sum, line) => sum + line.items.length, 0)
  const folded = make(
    "details",
    { open: own.open[part.id] ?? part.open },
    make("summary", { "data-focus": `s-${part.id}` }, part.title,
      make("span", { class: "count" }, `${known.length} of ${all} known`)),
    make("div", { class: "body" }, part.note ? make("p", { class: "note" }, part.note) : null, ...body),
  )
  folded.ontoggle = event => { own.open[part.id] = event.currentTarget.open }
  return folded
}

function lineOf(own, line) {
  const items = line.items.map(item => ({ ...item, now: state(own, line, item) }))
  const open = items.filter(item => !item.now && !item.implied && item.closes)
  const row = make("div", { class: "items" })
  items.forEach(item => row.append(item.binary ? binary(own, item) : choice(own, item)))
  row.onkeydown = event => keys(own, event)
  const first = row.querySelector("button")
  row.querySelectorAll("button").forEach(button => { if (button !== first) button.tabIndex = -1 })
  const close = line.closing
    ? make("button", {
        class: "close", type: "button", disabled: open.length === 0, "data-focus": `c-${line.id}`,
        "aria-label": `${line.closing}: ${line.title}`,
        on: { onclick: () => own.emit({ line: line.id }) },
      }, open.length === 0 ? "✓ asked" : line.closing)
    : null
  return make("div", { class: "line", role: "group", "aria-label": line.title },
    make("div", { class: "head" }, make("span", { class: "title" }, line.title), close), row,
    line.note ? make("p", { class: "note" }, line.note) : "")
}

function binary(own, item) {
  const shown = item.now || item.implied
  const set = value => own.emit({ item: item.id, value: item.now === value ? "" : value })
  const word = shown === "present" ? "✓ " : shown === "absent" ? "✕ " : ""
  const why = !item.now && item.implied ? make("span", { class: "why" }, ` (${item.why})`) : null
  const yes = make("button", {
    class: "yes", type: "button", title: item.help, "data-focus": `y-${item.id}`, "data-item": item.id,
    "aria-pressed": String(item.now === "present"),
    on: { onclick: () => set("present") },
  }, make("span", { "aria-hidden": "true" }, word), make("span", { class: "lab" }, item.label),
  make("span", { class: "sr" }, `: ${shown || "unknown"}`), why)
  const no = make("button", {
    class: "no", type: "button", "data-focus": `n-${item.id}`, "data-item": item.id,
    "aria-pressed": String(item.now === "absent"), "aria-label": `absent: ${item.label}`,
    on: { onclick: () => set("absent") },
  }, "no")
  return make("div", { class: "item", "data-state": item.now, "data-implied": !item.now && !!item.implied }, yes, no)
}

function choice(own, item) {
  const parts = item.options.map(option => make("button", {
    class: "opt", type: "button", "data-focus": `o-${item.id}-${option.value}`, "data-item": item.id,
    "aria-pressed": String(item.now === option.value), "aria-label": `${item.label}: ${option.label}`,
    on: { onclick: () => own.emit({ item: item.id, value: item.now === option.value ? "" : option.value }) },
  }, (item.now === option.value ? "✓ " : "") + option.label))
  return make("div", { class: "item", role: "group", "aria-label": item.label },
    make("span", { class: "word", title: item.help }, item.label), ...parts)
}

// within a row: arrows move, plus and minus answer, Backspace clears
function keys(own, event) {
  const buttons = [...event.currentTarget.querySelectorAll("button")]
  const place = buttons.indexOf(event.target)
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key]
  if (step) {
    event.preventDefault()
    const next = buttons[(place + step + buttons.length) % buttons.length]
    next.tabIndex = 0
    event.target.tabIndex = -1
    next.focus()
    return
  }
  const value = { "+": "present", "-": "absent", Backspace: "", Delete: "" }[event.key]
  if (value === undefined) return
  const binaryItem = event.target.closest(".item")?.querySelector(".yes")
  if (!binaryItem && value !== "") return
  event.preventDefault()
  event.stopPropagation()
  own.emit({ item: event.target.dataset.item, value })
}

function chips(own, part) {
  const removed = new Set(own.sent.filter(event => event.value === "").map(event => event.item))
  const left = part.chips.filter(chip => !removed.has(chip.id))
  if (left.length === 0) {
    return make("div", { class: "chips" }, make("p", { class: "note" }, part.empty))
  }
  return make("div", { class: "chips", role: "group", "aria-label": part.title },
    ...left.map(chip => make("button", {
      class: "chip", type: "button", "data-state": chip.state, "data-focus": `x-${chip.id}`,
      "aria-label": `Remove ${chip.label}: ${chip.value}`, title: "Click to remove",
      on: { onclick: () => own.emit({ item: chip.id, value: "" }) },
    },
    { present: "✓ ", absent: "✕ no " }[chip.state] ?? "", chip.label,
    ["present", "absent"].includes(chip.value) ? "" : `: ${chip.value}`,
    make("span", { class: "x", "aria-hidden": "true" }, "×"))))
}
