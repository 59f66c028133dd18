import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { status } from "@grpc/grpc-js";
import { CriServer } from "../cri/server.ts";
import { notFound, StatusError } from "../cri/status-error.ts";
import { redirectLog } from "../log.ts";
import { CriClient } from "./cri-client.ts";

describe("CriClient", () => {
  const folder = mkdtempSync(join(tmpdir(), "critter-client-"));
  const socket = join(folder, "cri.sock");
  let server: CriServer;
  let client: CriClient;
  let finishPull = () => {};
  let restoreLog = () => {};

  before(async () => {
    restoreLog = redirectLog(() => {});
    server = new CriServer(
      { socket, maxSendBytes: 1e6, maxReceiveBytes: 1e6 },
      {
        Version: ({ version }) => ({ version, runtimeName: "test" }),
        ContainerStatus: ({ containerId }) => {
          throw notFound("container", containerId);
        },
        StreamContainers: async function* ({ filter }) {
          for (const id of ["a", "b", "c"]) yield { containers: [{ id }] };
          if (filter?.id) throw notFound("container", filter.id);
        },
        GetContainerEvents: async function* (_, signal) {
          await once(signal, "abort");
          yield {};
        },
      },
      { PullImage: () => new Promise((resolve) => (finishPull = () => resolve({ imageRef: "x" }))) },
    );
    await server.listen();
    client = new CriClient(`unix://${socket}`);
  });
  after(async () => {
    client.close();
    await server.close();
    restoreLog();
    rmSync(folder, { recursive: true });
  });

  it("answers with whole messages", async () => {
    const version = await client.runtime.Version({ version: "v1" });
    assert.deepEqual(
      { ...version },
      { version: "v1", runtimeName: "test", runtimeVersion: "", runtimeApiVersion: "" },
    );
  });

  it("rejects with the server's code and message", async () => {
    await assert.rejects(client.runtime.ContainerStatus({ containerId: "c1" }), (error: StatusError) => {
      assert.ok(error instanceof StatusError);
      assert.equal(error.code, status.NOT_FOUND);
      assert.equal(error.message, 'container "c1" not found');
      return true;
    });
  });

  it("reads streams to their end, and to their failure", async () => {
    const ids: string[] = [];
    for await (const { containers } of client.runtime.StreamContainers()) {
      ids.push(...containers.map(({ id }) => id));
    }
    assert.deepEqual(ids, ["a", "b", "c"]);
    const failing = client.runtime.StreamContainers({ filter: { id: "c1" } });
    await failing.begun;
    const answers: unknown[] = [];
    const reading = async () => {
      for await (const answer of failing) answers.push(answer);
    };
    await assert.rejects(reading, { name: "StatusError", code: status.NOT_FOUND });
    assert.equal(answers.length, 3);
  });

  it("cancels a stream by its signal", async () => {
    const controller = new AbortController();
    const events = client.runtime.GetContainerEvents({}, { signal: controller.signal });
    await events.begun;
    controller.abort();
    await assert.rejects(events[Symbol.asyncIterator]().next(), { code: status.CANCELLED });
  });

  it("gives up at the timeout and at the signal", async () => {
    const cancelled = (code: status) => (error: StatusError) => error.code === code;
    await assert.rejects(client.image.PullImage({}, { timeout: 20 }), cancelled(status.DEADLINE_EXCEEDED));
    finishPull();
    using hasty = new CriClient(socket, 20);
    await assert.rejects(hasty.image.PullImage({}), /no answer in time from .*cri\.sock/);
    finishPull();
    const controller = new AbortController();
    const pull = client.image.PullImage({}, { signal: controller.signal });
    controller.abort();
    await assert.rejects(pull, cancelled(status.CANCELLED));
    finishPull();
  });

  it("says so when nobody answers", async () => {
    using lonely = new CriClient(join(folder, "absent.sock"));
    await assert.rejects(
      lonely.runtime.Version(),
      /nothing answers at .*absent\.sock; is the daemon running\?/,
    );
  });
});
