import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type IncomingHttpHeaders, request as requestPlain } from "node:http";
import { type RequestOptions, request as requestTls } from "node:https";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { buildConfig } from "../config/load.ts";
import { readSettings } from "../config/settings.ts";
import { redirectLog } from "../log.ts";
import { MetricsServer } from "./server.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-metrics-"));
const defaults = buildConfig(readSettings(undefined), false);

interface Answer {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

function ask(url: string, options: RequestOptions = {}): Promise<Answer> {
  const request = url.startsWith("https") ? requestTls : requestPlain;
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, ...options }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text) => {
        body += text;
      });
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    asked.on("error", reject).end();
  });
}

function listenLocally(server: Server, at: number | string): Promise<void> {
  return new Promise((resolve) => server.listen(at as number, "127.0.0.1", resolve));
}

describe("the metrics server", { timeout: 30_000 }, () => {
  const restoreLog = redirectLog(() => {});
  after(() => {
    restoreLog();
    rmSync(folder, { recursive: true });
  });

  const serverWith = (settings: Partial<typeof defaults.metrics>, render = async () => "some 1\n") =>
    new MetricsServer({
      metrics: { ...defaults.metrics, metricsPort: 0, ...settings },
      api: defaults.api,
      contentType: "text/plain; version=0.0.4; charset=utf-8",
      render,
    });

  it("answers GET and HEAD at /metrics, and nothing else", async () => {
    const server = serverWith({});
    try {
      const url = await server.listen();
      const { status, headers, body } = await ask(url);
      assert.deepEqual([status, body, headers["content-length"]], [200, "some 1\n", "7"]);
      assert.equal(headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
      assert.equal((await ask(`${url}?name[]=some`)).status, 200);
      assert.deepEqual(
        [(await ask(url, { method: "HEAD" })).status, (await ask(url, { method: "HEAD" })).body],
        [200, ""],
      );
      assert.equal((await ask(`${url}/more`)).status, 404);
      assert.equal((await ask(url.replace("/metrics", "/"))).status, 404);
      assert.equal((await ask(url, { method: "POST" })).status, 405);
    } finally {
      server.close();
    }
  });

  it("makes the text once for all who ask meanwhile, and says when it cannot", async () => {
    let made = 0;
    let fails = false;
    const server = serverWith({}, async () => {
      made++;
      await new Promise((resolve) => setTimeout(resolve, 100));
      if (fails) throw new Error("no metrics today");
      return "";
    });
    try {
      const url = await server.listen();
      await Promise.all([ask(url), ask(url), ask(url)]);
      assert.equal(made, 1);
      fails = true;
      assert.deepEqual(await ask(url).then(({ status, body }) => [status, body]), [
        500,
        "no metrics today\n",
      ]);
    } finally {
      server.close();
    }
  });

  it("listens at a socket too, mode 0660, in place of one that was left, and takes it away", async () => {
    const metricsSocket = join(folder, "sub", "metrics.sock");
    const left = serverWith({ metricsSocket });
    await left.listen();
    const again = serverWith({ metricsSocket });
    await assert.rejects(again.listen(), /metrics_socket is ".*", it must be .*: somebody serves it/);
    assert.equal(statSync(metricsSocket).mode & 0o777, 0o660);
    const { body } = await ask("http://localhost/metrics", { socketPath: metricsSocket });
    assert.equal(body, "some 1\n");
    left.close();
    assert.equal(existsSync(metricsSocket), false);

    await leaveSocket(metricsSocket);
    await again.listen();
    assert.equal((await ask("http://localhost/metrics", { socketPath: metricsSocket })).status, 200);
    again.close();
  });

  it("speaks TLS at both, with a certificate of its own where there is none", async () => {
    const metricsCert = join(folder, "tls", "metrics.crt");
    const metricsSocket = join(folder, "tls.sock");
    const server = serverWith({ metricsCert, metricsKey: join(folder, "tls", "metrics.key"), metricsSocket });
    try {
      const url = await server.listen();
      const ca = readFileSync(metricsCert);
      assert.equal((await ask(url, { ca })).body, "some 1\n");
      assert.equal(
        (await ask("https://localhost/metrics", { ca, socketPath: metricsSocket })).body,
        "some 1\n",
      );
      await assert.rejects(ask(url), /self-signed/);
    } finally {
      server.close();
    }
  });

  it("says what is wrong with its address and its socket, and leaves nothing", async () => {
    const taken = createServer();
    await listenLocally(taken, 0);
    const { port } = taken.address() as { port: number };
    const metricsSocket = join(folder, "never.sock");
    await assert.rejects(
      serverWith({ metricsPort: port, metricsSocket }).listen(),
      /metrics_host is "127.0.0.1" and crio.metrics.metrics_port is \d+, they must be .* free: .*EADDRINUSE/,
    );
    assert.equal(existsSync(metricsSocket), false);
    taken.close();

    const file = join(folder, "file");
    writeFileSync(file, "precious");
    await assert.rejects(
      serverWith({ metricsPort: port, metricsSocket: file }).listen(),
      /something else than a socket/,
    );
    assert.ok(statSync(file).isFile());
    await assert.rejects(serverWith({ metricsSocket: join(folder, "x".repeat(108)) }).listen(), /107 bytes/);
    const below = { metricsCert: join(file, "tls.crt"), metricsKey: join(file, "tls.key") };
    await assert.rejects(
      serverWith(below).listen(),
      /metrics_cert is .* cannot be made there: .*(ENOTDIR|EEXIST)/,
    );
    await listenLocally(taken, port);
    taken.close();
  });
});

/** A socket as a daemon leaves it that is killed. */
async function leaveSocket(path: string): Promise<void> {
  const { execFileSync } = await import("node:child_process");
  const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  try {
    execFileSync(process.execPath, ["-e", script], { stdio: "pipe" });
  } catch {
    // It has killed itself.
  }
  assert.ok(existsSync(path));
}
