/** What the address asks for: `#` the explanation, `#catalog` the catalog, anything else a rule or a code. */
import { useEffect, useState } from "preact/hooks";

export type Route = { readonly view: "explain" | "catalog" } | { readonly view: "rule"; readonly name: string };

export const ruleAddress = (id: string): string => `#${encodeURIComponent(id)}`;

export function useRoute(): Route {
  const [route, setRoute] = useState(currentRoute);
  useEffect(() => {
    const onChange = (): void => setRoute(currentRoute());
    addEventListener("hashchange", onChange);
    return () => removeEventListener("hashchange", onChange);
  }, []);
  return route;
}

function currentRoute(): Route {
  const name = decoded(location.hash.slice(1));
  if (name === "") return { view: "explain" };
  return name === "catalog" ? { view: "catalog" } : { view: "rule", name };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
