import assert from "node:assert/strict";
import { test } from "node:test";
import { signalNumber, stopSignal } from "./signals.ts";

test("the request's signal goes before the image's", () => {
  assert.equal(stopSignal("SIGNAL_SIGUSR1", "SIGQUIT"), "SIGNAL_SIGUSR1");
  assert.equal(stopSignal("SIGNAL_RUNTIME_DEFAULT", "SIGQUIT"), "SIGNAL_SIGQUIT");
  assert.equal(stopSignal("SIGNAL_RUNTIME_DEFAULT", undefined), "SIGNAL_SIGTERM");
});

test("an image's spellings are understood, and nonsense is SIGTERM", () => {
  for (const spelling of ["SIGQUIT", "quit", "QUIT", "3"]) {
    assert.equal(stopSignal("SIGNAL_RUNTIME_DEFAULT", spelling), "SIGNAL_SIGQUIT");
  }
  assert.equal(stopSignal("SIGNAL_RUNTIME_DEFAULT", "SIGRTMIN+3"), "SIGNAL_SIGRTMINPLUS3");
  assert.equal(stopSignal("SIGNAL_RUNTIME_DEFAULT", "37"), "SIGNAL_SIGRTMINPLUS3");
  assert.equal(stopSignal("SIGNAL_RUNTIME_DEFAULT", "RTMAX-2"), "SIGNAL_SIGRTMAXMINUS2");
  for (const nonsense of ["SIGNOTHING", "0", "65", ""]) {
    assert.equal(stopSignal("SIGNAL_RUNTIME_DEFAULT", nonsense), "SIGNAL_SIGTERM");
  }
});

test("signals have the kernel's numbers", () => {
  assert.equal(signalNumber("SIGNAL_SIGKILL"), 9);
  assert.equal(signalNumber("SIGNAL_SIGCLD"), 17);
  assert.equal(signalNumber("SIGNAL_SIGRTMINPLUS3"), 37);
  assert.equal(signalNumber("SIGNAL_SIGRTMAXMINUS1"), 63);
  assert.equal(signalNumber("SIGNAL_RUNTIME_DEFAULT"), 15);
});
