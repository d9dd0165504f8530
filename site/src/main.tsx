/** The page: an explanation of what is pasted, the catalog, and each rule at an address of its own. */
import "./style.css";

// The catalog takes its time to be read: the heading is painted first.
requestAnimationFrame(() => setTimeout(() => void start()));

async function start(): Promise<void> {
  const [{ render }, { App }] = await Promise.all([import("preact"), import("./app.js")]);
  const place = document.getElementById("app");
  if (!place) return;
  place.replaceChildren();
  render(<App />, place);
}
