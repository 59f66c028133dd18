import assert from "node:assert/strict";
import { test } from "node:test";
import { Proxies } from "./proxy.ts";

const proxy = "http://proxy.test:3128";

const cases: [exceptions: string, url: string, direct: boolean][] = [
  ["", "https://a.test/", false],
  ["*", "https://a.test/", true],
  ["a.test", "https://a.test/", true],
  ["A.test", "https://b.a.test/", true],
  ["a.test", "https://ba.test/", false],
  [".a.test", "https://b.a.test/", true],
  [".a.test", "https://a.test/", false],
  ["*.a.test", "https://b.a.test/", true],
  ["x, a.test:5000 ,y", "https://a.test:5000/", true],
  ["a.test:5000", "https://a.test/", false],
  ["a.test:443", "https://a.test/", true],
  ["a.test:80", "http://a.test/", true],
  ["10.1.2.3", "http://10.1.2.3/", true],
  ["10.1.2.3:80", "http://10.1.2.3:81/", false],
  ["10.0.0.0/8", "http://10.1.2.3:81/", true],
  ["10.0.0.0/8", "http://11.1.2.3/", false],
  ["10.0.0.0/8", "http://10.test/", false],
  ["fd00::/8", "http://[fd00::1]:5000/", true],
  ["fd00::1", "http://[fd00::1]/", true],
  ["[fd00::1]:80", "http://[fd00::1]/", true],
  ["2.3", "http://10.1.2.3/", false],
  ["10.0.0.0/99", "http://10.1.2.3/", false],
  ["", "http://localhost:5000/", true],
  ["", "http://127.1.2.3/", true],
  ["", "https://[::1]/", true],
];
for (const [exceptions, url, direct] of cases) {
  test(`${url} with NO_PROXY=${exceptions} is ${direct ? "asked directly" : "asked by the proxy"}`, () => {
    const environment = { HTTP_PROXY: proxy, HTTPS_PROXY: proxy, NO_PROXY: exceptions };
    assert.equal(new Proxies(environment).of(new URL(url))?.origin, direct ? undefined : proxy);
  });
}

test("names in lower case, capitals before them, and a proxy per scheme", () => {
  const proxies = new Proxies({
    http_proxy: "one.test:1",
    HTTPS_PROXY: "https://two.test",
    https_proxy: "no",
    HTTP_PROXY: "",
  });
  assert.equal(proxies.of(new URL("http://a.test"))?.href, "http://one.test:1/");
  assert.equal(proxies.of(new URL("https://a.test"))?.href, "https://two.test/");
  assert.equal(
    new Proxies({ no_proxy: "a.test", http_proxy: proxy }).of(new URL("http://a.test")),
    undefined,
  );
});

test("what is no proxy is refused without its value", () => {
  for (const value of ["socks5://jane:secret@proxy.test", "http://jane:secret@"]) {
    assert.throws(
      () => new Proxies({ HTTPS_PROXY: value }).of(new URL("https://a.test")),
      (error: Error) =>
        /^HTTPS_PROXY of the environment/.test(error.message) && !/secret/.test(error.message),
    );
  }
});
