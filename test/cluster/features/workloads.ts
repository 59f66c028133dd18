/** What controllers make pods for: Deployments, Jobs, CronJobs, DaemonSets, StatefulSets. */
import assert from "node:assert/strict";
import { sh, thenForever } from "../../kubelet/node/manifest.ts";
import { eventually } from "../../support/eventually.ts";
import { SLOW } from "../../support/slow.ts";
import type { Feature } from "../feature.ts";
import { type Namespace, podTemplate } from "../node/namespace.ts";
import { NODE_ADDRESS } from "../own-network.ts";

const labels = { app: "tried" };
const SELECTOR = "app=tried";

function template(container: object, spec: object = {}): object {
  return {
    metadata: { labels },
    spec: podTemplate({ ...spec, containers: [{ name: "main", ...container }] }),
  };
}

function deployment(version: number, replicas: number): object {
  const env = [{ name: "VERSION", value: String(version) }];
  const readinessProbe = { exec: { command: ["test", "-e", "/tmp/up"] }, periodSeconds: 1 };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "tried" },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: template({ env, readinessProbe, command: thenForever("touch /tmp/up") }),
    },
  };
}

/** Waits until a rollout is through, and until only its pods are there; answers their versions. */
async function versionsAfterRollout(namespace: Namespace, count: number): Promise<string[]> {
  await rolledOut(namespace, "deployment/tried");
  return eventually(async () => {
    const there = await namespace.pods(SELECTOR);
    assert.equal(there.length, count);
    return there.map(({ spec }) => spec.containers[0].env[0].value);
  }, 60);
}

async function rolledOut({ kubectl }: Namespace, what: string): Promise<void> {
  const seconds = 120 * SLOW;
  await kubectl.run(["rollout", "status", what, `--timeout=${seconds}s`], { seconds: seconds + 10 });
}

function job(spec: object, container: object): object {
  return {
    backoffLimit: 0,
    ...spec,
    template: template(container, { restartPolicy: "Never" }),
  };
}

async function textAt(address: string): Promise<string> {
  const response = await fetch(address, { signal: AbortSignal.timeout(5_000 * SLOW) });
  return (await response.text()).trim();
}

/** Of the pods, sorted. */
async function addresses(namespace: Namespace): Promise<string[]> {
  return (await namespace.pods(SELECTOR)).map(({ status }) => status.podIP).sort();
}

/** Of those that the headless service knows, sorted. */
async function slices({ kubectl }: Namespace): Promise<string[]> {
  const { items } = await kubectl.get<{ items: { endpoints: { addresses: string[] }[] }[] }>(
    "endpointslices",
    "--selector=kubernetes.io/service-name=web",
  );
  return items.flatMap(({ endpoints }) => (endpoints ?? []).flatMap((endpoint) => endpoint.addresses)).sort();
}

export const features: readonly Feature[] = [
  {
    name: "a Deployment scales, rolls out and rolls back",
    async run(cluster) {
      await using namespace = await cluster.namespace("deployment");
      const { kubectl } = namespace;
      await kubectl.apply(deployment(1, 2));
      assert.deepEqual(await versionsAfterRollout(namespace, 2), ["1", "1"]);
      await kubectl.run(["scale", "deployment/tried", "--replicas=4"]);
      assert.deepEqual(await versionsAfterRollout(namespace, 4), ["1", "1", "1", "1"]);
      await kubectl.apply(deployment(2, 3));
      assert.deepEqual(await versionsAfterRollout(namespace, 3), ["2", "2", "2"]);
      await kubectl.run(["rollout", "undo", "deployment/tried"]);
      assert.deepEqual(await versionsAfterRollout(namespace, 3), ["1", "1", "1"]);
      await kubectl.run(["scale", "deployment/tried", "--replicas=0"]);
      await kubectl.wait("delete", "pod", `--selector=${SELECTOR}`);
    },
  },
  {
    name: "a Job completes",
    async run(cluster) {
      await using namespace = await cluster.namespace("job");
      const { kubectl } = namespace;
      const spec = job(
        { completions: 4, parallelism: 2, completionMode: "Indexed" },
        { command: sh("echo index $JOB_COMPLETION_INDEX") },
      );
      await kubectl.apply({ apiVersion: "batch/v1", kind: "Job", metadata: { name: "tried" }, spec });
      await kubectl.wait("condition=Complete", "job/tried");
      const log = await kubectl.run(["logs", `--selector=${SELECTOR}`, "--tail=-1"]);
      assert.deepEqual(log.split("\n").sort(), ["index 0", "index 1", "index 2", "index 3"]);
    },
  },
  {
    name: "a Job fails by an exit code, as its policy says",
    async run(cluster) {
      await using namespace = await cluster.namespace("job-failing");
      const { kubectl } = namespace;
      const onExitCodes = { containerName: "main", operator: "In", values: [42] };
      const podFailurePolicy = { rules: [{ action: "FailJob", onExitCodes }] };
      const spec = job({ backoffLimit: 5, podFailurePolicy }, { command: sh("exit 42") });
      await kubectl.apply({ apiVersion: "batch/v1", kind: "Job", metadata: { name: "tried" }, spec });
      await kubectl.wait("condition=Failed", "job/tried");
      const { status } = await kubectl.get("job/tried");
      assert.equal(status.failed, 1);
      assert.match(JSON.stringify(status.conditions), /exit code 42/);
    },
  },
  {
    name: "a CronJob starts a Job at the next minute",
    async run(cluster) {
      await using namespace = await cluster.namespace("cronjob");
      const { kubectl } = namespace;
      const jobTemplate = { metadata: { labels }, spec: job({}, { command: sh("echo now") }) };
      const spec = { schedule: "* * * * *", concurrencyPolicy: "Forbid", jobTemplate };
      await kubectl.apply({ apiVersion: "batch/v1", kind: "CronJob", metadata: { name: "tried" }, spec });
      await kubectl.wait("create", "job", `--selector=${SELECTOR}`);
      await kubectl.wait("condition=Complete", "job", `--selector=${SELECTOR}`);
      assert.match(await kubectl.run(["logs", `--selector=${SELECTOR}`]), /^now$/m);
    },
  },
  {
    name: "a DaemonSet with a hostPort serves, and is replaced by a new one on the same port",
    async run(cluster) {
      await using namespace = await cluster.namespace("daemonset");
      const { kubectl } = namespace;
      const daemonSet = (text: string) => ({
        apiVersion: "apps/v1",
        kind: "DaemonSet",
        metadata: { name: "tried" },
        spec: {
          selector: { matchLabels: labels },
          template: template({
            command: thenForever(`mkdir /www; echo ${text} > /www/index.html; httpd -p 8080 -h /www`),
            ports: [{ containerPort: 8080, hostPort: 18_080 }],
            readinessProbe: { httpGet: { port: 8080, path: "/" }, periodSeconds: 1 },
          }),
        },
      });
      for (const text of ["first", "second"]) {
        await kubectl.apply(daemonSet(text));
        await rolledOut(namespace, "daemonset/tried");
        assert.equal(await textAt(`http://${NODE_ADDRESS}:18080/`), text);
        assert.equal(await textAt("http://127.0.0.1:18080/"), text);
      }
    },
  },
  {
    name: "a StatefulSet keeps its pods' names, and its headless service their addresses",
    async run(cluster) {
      await using namespace = await cluster.namespace("statefulset");
      const { kubectl } = namespace;
      const spec = { clusterIP: "None", selector: labels, ports: [{ port: 80 }] };
      await kubectl.apply(
        { apiVersion: "v1", kind: "Service", metadata: { name: "web" }, spec },
        {
          apiVersion: "apps/v1",
          kind: "StatefulSet",
          metadata: { name: "web" },
          spec: {
            serviceName: "web",
            replicas: 2,
            selector: { matchLabels: labels },
            template: template({}),
          },
        },
      );
      await rolledOut(namespace, "statefulset/web");
      for (const name of ["web-0", "web-1"]) {
        assert.equal(await namespace.sh(name, "hostname -f"), `${name}.web.statefulset.svc.cluster.local`);
      }
      await eventually(async () => assert.deepEqual(await slices(namespace), await addresses(namespace)));
      const before = await addresses(namespace);
      await kubectl.run(["rollout", "restart", "statefulset/web"]);
      await rolledOut(namespace, "statefulset/web");
      assert.deepEqual((await namespace.pods(SELECTOR)).map(({ metadata }) => metadata.name).sort(), [
        "web-0",
        "web-1",
      ]);
      assert.notDeepEqual(await addresses(namespace), before);
      await eventually(async () => assert.deepEqual(await slices(namespace), await addresses(namespace)));
    },
  },
];
