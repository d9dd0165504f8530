/** The page: an explanation of what is pasted, the catalog, and each rule at an address of its own. */
import { render } from "preact";
import { App } from "./app.js";
import "./style.css";

const place = document.getElementById("app");
if (place) {
  place.replaceChildren();
  render(<App />, place);
}
