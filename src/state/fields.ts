/** Checks of records read back: field by field, so that what a record lacks is found at the start and not by who needs it. */

export type Check = (value: unknown) => boolean;

export const isString: Check = (value) => typeof value === "string";
export const isBoolean: Check = (value) => typeof value === "boolean";
export const isInteger: Check = (value) => Number.isSafeInteger(value);
export const isObject: Check = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value);
/** Of a pod or container. */
export const isId: Check = (value) => /^[0-9a-f]{64}$/.test(String(value));
/** Nanoseconds in a string, for they are more than a number can hold. */
export const isTime: Check = (value) => typeof value === "string" && /^\d{1,19}$/.test(value);

export const oneOf = (values: readonly string[]): Check => {
  return (value) => values.includes(value as string);
};
export const listOf = (check: Check): Check => {
  return (value) => Array.isArray(value) && value.every(check);
};
export const mapOf = (check: Check): Check => {
  return (value) => isObject(value) && Object.values(value as object).every(check);
};
export const nullOr = (check: Check): Check => {
  return (value) => value === null || check(value);
};
export const absentOr = (check: Check): Check => {
  return (value) => value === undefined || check(value);
};
/** An object that has these fields, beside others. */
export const fields = (checks: Readonly<Record<string, Check>>): Check => {
  return (value) =>
    isObject(value) && Object.entries(checks).every(([name, check]) => check((value as never)[name]));
};
