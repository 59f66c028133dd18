import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { UsageError } from "../usage.ts";
import { parseRunOptions } from "./run-options.ts";

describe("the command line of critter run", () => {
  it("has options, an image and a command", () => {
    process.env.CRITTER_TEST_VARIABLE = "from here";
    const options = parseRunOptions(
      "-e A=b=c -e CRITTER_TEST_VARIABLE -p 8080:80 -p [::1]:53:5353/udp -v /etc:/host:ro -t --name web nginx -- sh -c --help".split(
        " ",
      ),
    );
    assert.equal(options.image, "nginx");
    assert.deepEqual(options.args, ["sh", "-c", "--help"]);
    assert.deepEqual(options.env, ["A=b=c", "CRITTER_TEST_VARIABLE=from here"]);
    assert.deepEqual(options.portMappings, [
      { protocol: "TCP", hostPort: 8080, containerPort: 80, hostIp: "" },
      { protocol: "UDP", hostPort: 53, containerPort: 5353, hostIp: "::1" },
    ]);
    assert.deepEqual(options.mounts, [{ hostPath: "/etc", containerPath: "/host", readonly: true }]);
    assert.equal(options.tty, true);
    assert.equal(options.name, "web");
    assert.equal(options.help, false);
  });

  it("needs no image to ask for help", () => {
    assert.equal(parseRunOptions(["--help"]).help, true);
  });

  for (const [argv, message] of [
    ["", /needs an image/],
    ["busybox ls", /unexpected "ls": a command goes after "--"/],
    ["--publish 80 nginx", /--publish is "80", it must be/],
    ["-p 80:70000 nginx", /ports from 1 to 65535/],
    ["-v tmp:/tmp nginx", /--volume is "tmp:\/tmp", it must be .* absolute paths/],
    ["-v /a:/b:rx nginx", /--volume is/],
    ["-e =x nginx", /--env is "=x"/],
    ["--volumes nginx", /Unknown option '--volumes'/],
    ["nginx --name", /argument missing/],
  ] as const) {
    it(`is refused: ${argv || "nothing"}`, () => {
      assert.throws(
        () => parseRunOptions(argv.split(" ").filter(Boolean)),
        (error: Error) => error instanceof UsageError && message.test(error.message),
      );
    });
  }
});
