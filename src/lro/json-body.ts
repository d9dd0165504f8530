/** The parsed JSON body of a response; undefined if it has none or it is not JSON. */
export function jsonOf(response: { readonly bodyAsText?: string | null | undefined }): unknown {
  const text = response.bodyAsText;
  if (text === undefined || text === null || text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
