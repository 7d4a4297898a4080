// Shared by the components: what is drawn anew is laid over what is there, so that no element
// vanishes between the press and the release of a button, and the focus stays where it is.
// (A handler finds its element in event.currentTarget: the one that it was made with is thrown away.)
const HANDLERS = ["onclick", "onkeydown", "ontoggle"]

function morph(old, fresh) {
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name)
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value)
  }
  for (const name of HANDLERS) old[name] = fresh[name]
  const now = [...old.childNodes]
  const next = [...fresh.childNodes]
  next.forEach((child, place) => {
    const there = now[place]
    if (!there) old.append(child)
    else if (there.nodeName !== child.nodeName) there.replaceWith(child)
    else if (child.nodeType === Node.TEXT_NODE) {
      if (there.data !== child.data) there.data = child.data
    } else morph(there, child)
  })
  now.slice(next.length).forEach(child => child.remove())
}

// lays new children over a root; a press that began on another thing than it ends on does nothing
function lay(root, children) {
  const fresh = root.cloneNode(false)
  fresh.append(...children)
  morph(root, fresh)
  if (root.dataset.guarded) return
  root.dataset.guarded = "yes"
  const name = event => event.target.closest("button")?.dataset.focus
  let pressed
  root.addEventListener("pointerdown", event => { pressed = name(event) }, true)
  root.addEventListener("click", event => {
    if (event.detail > 0 && name(event) !== pressed) event.stopPropagation()
  }, true)
}

