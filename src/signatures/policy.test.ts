import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseReference } from "../registry/reference.ts";
import { Policy } from "./policy.ts";

const reject = [{ type: "reject" }];
const parse = (value: unknown) => new Policy("policy.json", JSON.stringify(value));
const withRequirement = (requirement: object) => parse({ default: [requirement] });

describe("Policy", () => {
  const scopes = [
    "quay.io/team/app:1",
    "quay.io/team/app",
    "quay.io/team",
    "quay.io",
    "host.test:5000",
    "*.test",
    "*.deep.test",
  ];
  const docker = Object.fromEntries(scopes.map((scope) => [scope, reject]));
  const scopeOf = (policy: Policy, image: string) => policy.ruleFor(parseReference(image)).scope;

  it("takes the most specific scope alone", () => {
    const policy = parse({ default: reject, transports: { docker } });
    const found = {
      "quay.io/team/app:1": "quay.io/team/app:1",
      "quay.io/team/app:2": "quay.io/team/app",
      "quay.io/team/apples": "quay.io/team",
      "quay.io/teams/app": "quay.io",
      "host.test:5000/x": "host.test:5000",
      "host.test:6000/x": "*.test",
      "a.deep.test/x": "*.deep.test",
      "a.b.deep.test/x": "*.deep.test",
    };
    for (const [image, scope] of Object.entries(found)) {
      assert.equal(scopeOf(policy, image), `transports.docker[${JSON.stringify(scope)}]`, image);
    }
    assert.equal(scopeOf(policy, "busybox"), "default");
    assert.equal(scopeOf(policy, "test/x"), "default", "a wildcard is not for the domain itself");
  });

  it("knows a digest as a scope, the transport's default, and no other transport", () => {
    const digest = `sha256:${"a".repeat(64)}`;
    const transports = {
      docker: { "": reject, [`docker.io/library/x@${digest}`]: reject },
      atomic: { "docker.io/library/y": reject },
    };
    const policy = parse({ default: reject, transports });
    assert.equal(scopeOf(policy, `x@${digest}`), `transports.docker["docker.io/library/x@${digest}"]`);
    assert.equal(scopeOf(policy, "y"), 'transports.docker[""]');
  });

  it("refuses what it does not understand, and says where that stands", () => {
    const wrong: [unknown, RegExp][] = [
      [[], /^Error: policy\.json: the document is \[\]: an object is required/],
      [{}, /policy\.json: default is absent/],
      [{ default: [] }, /default is \[\]: a list of at least one/],
      [{ default: reject, defaults: reject }, /defaults is .*: the fields here are default, transports/],
      [{ default: [{ type: "accept" }] }, /default\[0\]\.type is "accept": it is unknown/],
      [{ default: [{ type: "reject", really: true }] }, /default\[0\]\.really is true/],
      [{ default: reject, transports: { docker: { "a*.*.com": reject } } }, /docker\["a\*\.\*\.com"\] is/],
      [
        { default: reject, transports: { dir: { "/x": [{}] } } },
        /transports\.dir\["\/x"\]\[0\]\.type is absent/,
      ],
    ];
    for (const [value, message] of wrong) assert.throws(() => parse(value), message);
    assert.throws(() => new Policy("policy.json", "{"), /policy\.json is not JSON/);
    const twice = '{"default": [{"type": "reject"}], "transports": {"docker": {}, "d\\u006fcker" : {}}}';
    assert.throws(
      () => new Policy("policy.json", twice),
      /policy\.json: "docker" stands twice in one object/,
    );
  });

  it("wants one source of keys and a rule that it knows of a sigstoreSigned", () => {
    const signed = { type: "sigstoreSigned", keyPath: "/k" };
    const wrong: [object, RegExp][] = [
      [{ type: "sigstoreSigned" }, /it needs one of keyPath, keyPaths/],
      [{ ...signed, keyData: "" }, /it needs one of/],
      [{ ...signed, keyPath: 1 }, /keyPath is 1: a string is required/],
      [{ type: "sigstoreSigned", keyPaths: [] }, /keyPaths is \[\]: a list of strings/],
      [{ ...signed, signedIdentity: { type: "any" } }, /default\[0\]\.signedIdentity\.type is "any"/],
      [{ ...signed, signedIdentity: { type: "matchExact", x: 1 } }, /signedIdentity\.x is 1/],
      [
        { ...signed, signedIdentity: { type: "exactReference", dockerReference: "x" } },
        /dockerReference is "x"/,
      ],
      [
        { ...signed, signedIdentity: { type: "remapIdentity", prefix: "a/b:c", signedPrefix: "d" } },
        /prefix is "a\/b:c"/,
      ],
    ];
    for (const [requirement, message] of wrong) assert.throws(() => withRequirement(requirement), message);
  });

  it("keeps what it cannot verify as something that no image satisfies", () => {
    const foreign = [
      { type: "signedBy", keyType: "GPGKeys", keyPath: "/k" },
      { type: "sigstoreSigned", fulcio: {}, rekorPublicKeyPath: "/r" },
      { type: "sigstoreSigned", keyPath: "/k", rekorPublicKeyData: "" },
    ];
    for (const requirement of foreign) {
      const [kept] = withRequirement(requirement).ruleFor(parseReference("x")).requirements;
      assert.ok(kept && "unsupported" in kept, JSON.stringify(requirement));
    }
  });
});
