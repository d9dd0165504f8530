/** What is read out of a message whose wording drifted. */
import { describe, expect, it } from "vitest";
import { defineCatalog, diagnose } from "azure-remedy";

const catalog = defineCatalog({
  rules: [
    {
      code: "GearStuck",
      id: "GearStuck",
      message: "Gear '{gearName}' (maker '{maker}' and model '{model}') got stuck in the machine.",
      disposition: "permanent",
      explanation: "Gear {gearName} got stuck.",
      steps: ["Grease {gearName}."],
    },
    {
      code: "DrawerTaken",
      id: "DrawerTaken",
      message: "Drawer {drawerUri} holds something already. Please provide another drawer URI for the thing '{thing}'.",
      disposition: "permanent",
      explanation: "Drawer {drawerUri} is taken.",
      steps: ["Take another one."],
    },
  ],
});
const read = (code: string, message: string): Readonly<Record<string, string>> =>
  diagnose({ error: { code, message } }, { catalog }).parameters;

describe("values come without the marks around them", () => {
  it.each([
    ["brackets and quotes", "Gear 'g-1' (maker 'Contoso.Gears' and model 'Big') got stuck in the machine, and more."],
    ["other quotes", 'Oh: gear "g-1" [maker "Contoso.Gears" and model "Big"] got stuck in the machine.'],
    ["blanks", "Now gear  g-1  ( maker Contoso.Gears and model (Big) ) got stuck in the machine"],
  ])("%s", (_, message) => {
    expect(read("GearStuck", message)).toEqual({ gearName: "g-1", maker: "Contoso.Gears", model: "Big" });
  });

  it("keeps what belongs to a name", () => {
    const message =
      "Today gear 'g(old)' (maker '[concat(a)]' and model 'Server (Core)') got stuck in the machine, and more.";
    expect(read("GearStuck", message)).toEqual({ gearName: "g(old)", maker: "[concat(a)]", model: "Server (Core)" });
  });

  it("takes no piece of the sentence for a name", () => {
    const { explanation, parameters } = diagnose(
      { error: { code: "GearStuck", message: "Gear, made by (maker 'C' and model 'B') got stuck in the machine." } },
      { catalog },
    );
    expect(parameters).toEqual({ gearName: "", maker: "C", model: "B" });
    expect(explanation).toBe("The gear got stuck.");
  });

  it("reads neither of two values that nothing keeps apart", () => {
    expect(read("GearStuck", "Gear 'g-1' 'Contoso.Gears' 'Big' got stuck in the machine again.")).toEqual({
      gearName: "",
      maker: "",
      model: "",
    });
  });
});

describe("words in an address are no words of the sentence", () => {
  const uri = "https://room.drawer.contoso.com/holds/another/thing/for";
  it.each([
    `Sorry. Info:'Drawer ${uri} holds something already. Please provide another drawer URI for the thing 't1'.'`,
    `The drawer ${uri} holds something already; please provide another drawer URI for the thing 't1'.`,
  ])("%s", (message) => {
    expect(read("DrawerTaken", message)).toEqual({ drawerUri: uri, thing: "t1" });
  });

  it("nor in the id of a resource", () => {
    const id = "/subscriptions/s/drawer/holds/providers/thing";
    const message = `Oh, drawer ${id} holds something already. Please provide another drawer URI for the thing 't1'.`;
    expect(read("DrawerTaken", message)).toEqual({ drawerUri: id, thing: "t1" });
  });

  it("reads a message without end in bounded time", () => {
    const message = `Drawer ${"a://b/".repeat(50_000)} ${"(".repeat(50_000)} holds something already. for the thing`;
    expect(diagnose({ error: { code: "DrawerTaken", message } }, { catalog }).code).toBe("DrawerTaken");
  });
});
