/** The page: an explanation of what is pasted, the catalog, and each rule at an address of its own. */
import "./style.css";

// The catalog takes its time to be read: the heading is painted first. A tab in the background paints nothing.
requestAnimationFrame(() => setTimeout(start));
setTimeout(start, 250);

let isStarted = false;

function start(): void {
  if (!isStarted) void draw();
  isStarted = true;
}

async function draw(): Promise<void> {
  const [{ render }, { App }] = await Promise.all([import("preact"), import("./app.js")]);
  const place = document.getElementById("app");
  if (!place) return;
  place.replaceChildren();
  render(<App />, place);
}
