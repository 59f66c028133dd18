/** containers-policy.json(5): which requirements an image has, by where it is pulled from. */

import { Fields } from "../config/json-fields.ts";
import type { Reference } from "../registry/reference.ts";
import { duplicateName } from "./duplicate-names.ts";
import { parseRequirement, type Requirement } from "./requirement.ts";

/** The requirements of the most specific scope; an image must satisfy all of them. */
export interface Rule {
  /** Where it stands in the file: `default` or `transports.docker["quay.io/team"]`. */
  scope: string;
  requirements: Requirement[];
}

/** A policy.json, read and validated. */
export class Policy {
  readonly #default: Rule;
  /** The rules of registries, by scope. */
  readonly #docker: Map<string, Rule>;

  /**
   * Parses `text`, the content of `file`. As the format wants it, any unknown field or type makes the whole file
   * wrong. Throws an Error that names file, field and value.
   */
  constructor(file: string, text: string) {
    const root = new Fields(file, "", parseJson(file, text));
    root.allow(["default", "transports"]);
    this.#default = parseRule(root, "default");
    const transports = root.has("transports") ? root.object("transports") : undefined;
    const rules = transports?.names.map((name) => [name, parseScopes(transports.object(name))] as const);
    this.#docker = new Map(rules).get("docker") ?? new Map();
    const odd = [...this.#docker.keys()].find((scope) => scope.replace(/^\*\./, "").includes("*"));
    if (odd) throw transports!.object("docker").wrong(odd, "a wildcard is *.DOMAIN and nothing else");
  }

  /** What an image must satisfy that is asked for by `reference`, wherever mirrors have it come from. */
  ruleFor(reference: Reference): Rule {
    const scope = scopesOf(reference).find((name) => this.#docker.has(name));
    return scope === undefined ? this.#default : this.#docker.get(scope)!;
  }
}

/** The scopes that cover an image, the most specific first: itself, its repository and all above, its domains. */
function scopesOf({ name, tag, digest, registry }: Reference): string[] {
  const components = name.split("/");
  const above = components.map((_, index) => components.slice(0, components.length - index).join("/"));
  const labels = registry.replace(/:\d+$/, "").split(".");
  const domains = labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join(".")}`);
  return [digest ? `${name}@${digest}` : `${name}:${tag}`, ...above, ...domains, ""];
}

function parseScopes(transport: Fields): Map<string, Rule> {
  return new Map(transport.names.map((scope) => [scope, parseRule(transport, scope)]));
}

function parseRule(parent: Fields, name: string): Rule {
  return { scope: parent.pathOf(name), requirements: parent.objects(name).map(parseRequirement) };
}

function parseJson(file: string, text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`${file} is not JSON`);
  }
  const twice = duplicateName(text);
  if (twice === undefined) return value;
  throw new Error(`${file}: ${JSON.stringify(twice)} stands twice in one object`);
}
