import assert from "node:assert/strict";
import { test } from "node:test";
import { DocumentError, flag, listOf, mapOf, object, type Reader, text, whole } from "./document.ts";

interface Person {
  name: string;
  age?: number;
  tags?: Record<string, string>;
  children?: Person[];
  alive?: boolean;
}

const person: Reader<Person> = object<Person>(
  {
    name: text((name) => name !== "", "a name"),
    age: whole(0, 150),
    tags: mapOf(text()),
    children: listOf((value, place) => person(value, place)),
    alive: flag,
  },
  { required: ["name"] },
);

test("a document that is right is answered as it is, without what is null", () => {
  const right = { name: "a", age: 3, tags: { x: "y" }, children: [{ name: "b", alive: false }] };
  assert.deepEqual(person({ ...right, alive: null }, ""), right);
});

test("what is wrong is told by its place", () => {
  const refuse = (value: unknown, message: string) =>
    assert.throws(
      () => person(value, ""),
      (error) => error instanceof DocumentError && error.message === message,
    );
  refuse([], "it is [], it must be an object");
  refuse({}, "name is absent");
  refuse({ name: "" }, 'name is "", it must be a name');
  refuse({ name: "a", age: 1.5 }, "age is 1.5, it must be a whole number from 0 to 150");
  refuse({ name: "a", tags: { x: 1 } }, "tags.x is 1, it must be a string");
  refuse({ name: "a", children: {} }, "children is {}, it must be a list");
  refuse(
    { name: "a", children: [{ name: "b", alive: 1 }] },
    "children[0].alive is 1, it must be true or false",
  );
  refuse({ name: "a", children: [{}] }, "children[0].name is absent");
  refuse({ name: "a", nick: "b" }, "nick is not a field that is known");
});

test("an open object takes no notice of fields that nobody knows", () => {
  assert.deepEqual(object<{ a?: string }>({ a: text() }, { open: true })({ a: "b", c: 1 }, ""), { a: "b" });
});
