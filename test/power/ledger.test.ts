import assert from "node:assert/strict";
import { it } from "node:test";
import { Ledger, type PromisedPod } from "./ledger.ts";

it("a ledger is the same in another boot, its times before the power went", () => {
  const ledger = new Ledger();
  const answered = { standing: "there" as const, answeredAt: 0 };
  const container = { ...answered, name: "c", id: "2", kept: "text", started: true };
  const pod: PromisedPod = { ...answered, name: "p", id: "1", containers: [container] };
  ledger.pods.push(pod);
  ledger.settle(pod, "leaving", "pod");
  ledger.settle(ledger.image("image"), "there", "image");
  ledger.close();

  const again = Ledger.from(JSON.parse(JSON.stringify(ledger)));
  const age = ledger.closedAt - pod.answeredAt;
  assert.ok(again.closed);
  assert.equal(again.closedAt, 0);
  assert.deepEqual(again.pods, [
    { ...pod, answeredAt: -age, containers: [{ ...container, answeredAt: -ledger.closedAt }] },
  ]);
  const image = ledger.image("image");
  assert.deepEqual(
    [...again.images],
    [["image", { ...image, answeredAt: image.answeredAt - ledger.closedAt }]],
  );
});
