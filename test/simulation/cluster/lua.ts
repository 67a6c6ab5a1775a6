import { type Expression, parse, type Statement } from "luaparse";

/** A value of Lua, as far as the scripts of the store have any. Lists are arrays, whose first place has the number 1. */
export type LuaValue = string | number | boolean | Buffer | LuaList | LuaFunction | undefined;
export type LuaList = readonly LuaValue[];
/** @returns all its results. */
export type LuaFunction = (...args: LuaValue[]) => LuaList;

/** Local names, innermost first. */
class Names {
  readonly #values = new Map<string, LuaValue>();
  readonly #around: Names | undefined;

  constructor(around?: Names) {
    this.#around = around;
  }

  get(name: string): LuaValue {
    return this.#values.has(name) ? this.#values.get(name) : this.#around?.get(name);
  }

  declare(name: string, value: LuaValue): void {
    this.#values.set(name, value);
  }

  assign(name: string, value: LuaValue): void {
    if (this.#values.has(name) || this.#around === undefined) this.#values.set(name, value);
    else this.#around.assign(name, value);
  }
}

const BUILT_IN: Readonly<Record<string, LuaValue>> = {
  tonumber: (text) => [text === undefined || text === "" || Number.isNaN(Number(text)) ? undefined : Number(text)],
  unpack: (list, from = 1, to) => (list as LuaList).slice(Number(from) - 1, to === undefined ? undefined : Number(to)),
  ipairs: (list) => [list],
};

/** Only these two are not true. */
const isTrue = (value: LuaValue): boolean => value !== undefined && value !== false;

/**
 * Reads a script of the store, and returns what runs it. It knows the part of Lua that those scripts use, and throws for
 * anything else.
 */
export function compileLua(source: string): (given: Readonly<Record<string, LuaValue>>) => LuaValue {
  const { body } = parse(source, { luaVersion: "5.1", encodingMode: "pseudo-latin1" });
  return (given) => {
    const names = new Names();
    for (const [name, value] of Object.entries({ ...BUILT_IN, ...given })) names.declare(name, value);
    return run(body, names)?.value;
  };
}

/** @returns what was returned, if anything was. */
function run(statements: readonly Statement[], names: Names): { readonly value: LuaValue } | undefined {
  for (const statement of statements) {
    const returned = runOne(statement, names);
    if (returned !== undefined) return returned;
  }
  return undefined;
}

function runOne(statement: Statement, names: Names): { readonly value: LuaValue } | undefined {
  switch (statement.type) {
    case "LocalStatement": {
      const values = statement.init.map((init) => evaluate(init, names));
      for (const [index, { name }] of statement.variables.entries()) names.declare(name, values[index]);
      return undefined;
    }
    case "AssignmentStatement": {
      const values = statement.init.map((init) => evaluate(init, names));
      for (const [index, variable] of statement.variables.entries()) {
        if (variable.type !== "Identifier") throw new Error("Only names are assigned to.");
        names.assign(variable.name, values[index]);
      }
      return undefined;
    }
    case "CallStatement":
      evaluate(statement.expression, names);
      return undefined;
    case "ReturnStatement":
      return { value: statement.arguments[0] && evaluate(statement.arguments[0], names) };
    case "IfStatement":
      for (const clause of statement.clauses) {
        const applies = clause.type === "ElseClause" || isTrue(evaluate(clause.condition, names));
        if (applies) return run(clause.body, new Names(names));
      }
      return undefined;
    case "WhileStatement":
      while (isTrue(evaluate(statement.condition, names))) {
        const returned = run(statement.body, new Names(names));
        if (returned !== undefined) return returned;
      }
      return undefined;
    case "ForNumericStatement":
      for (let at = toNumber(statement.start, names); at <= toNumber(statement.end, names); at += 1) {
        const inner = new Names(names);
        inner.declare(statement.variable.name, at);
        const returned = run(statement.body, inner);
        if (returned !== undefined) return returned;
      }
      return undefined;
    case "ForGenericStatement": {
      const [iterator] = statement.iterators;
      const list = (iterator && evaluate(iterator, names)) as LuaList;
      for (const [index, value] of list.entries()) {
        const inner = new Names(names);
        const [key, item] = statement.variables;
        if (key !== undefined) inner.declare(key.name, index + 1);
        if (item !== undefined) inner.declare(item.name, value);
        const returned = run(statement.body, inner);
        if (returned !== undefined) return returned;
      }
      return undefined;
    }
    default:
      throw new Error(`The scripts have no ${statement.type} so far.`);
  }
}

const evaluate = (expression: Expression, names: Names): LuaValue => evaluateAll(expression, names)[0];

/** A call may have several results. */
function evaluateAll(expression: Expression, names: Names): LuaList {
  if (expression.type !== "CallExpression") return [evaluateOne(expression, names)];
  const { base, arguments: args } = expression;
  const called = evaluate(base, names);
  if (typeof called !== "function") throw new Error("What is called is no function.");
  return called(
    ...args.flatMap((arg, index) => (index === args.length - 1 ? evaluateAll(arg, names) : [evaluate(arg, names)])),
  );
}

function evaluateOne(expression: Expression, names: Names): LuaValue {
  switch (expression.type) {
    case "Identifier":
      return names.get(expression.name);
    case "StringLiteral":
    case "NumericLiteral":
    case "BooleanLiteral":
      return expression.value;
    case "NilLiteral":
      return undefined;
    case "MemberExpression":
      // The only one: `redis.call`.
      return expression.identifier.name === "call" ? names.get("call") : undefined;
    case "IndexExpression":
      return (evaluate(expression.base, names) as LuaList)[toNumber(expression.index, names) - 1];
    case "UnaryExpression":
      if (expression.operator !== "not") break;
      return !isTrue(evaluate(expression.argument, names));
    case "LogicalExpression": {
      const left = evaluate(expression.left, names);
      return isTrue(left) === (expression.operator === "and") ? evaluate(expression.right, names) : left;
    }
    case "BinaryExpression":
      return binary(expression.operator, evaluate(expression.left, names), evaluate(expression.right, names));
  }
  throw new Error(`The scripts have no ${expression.type} of this kind so far.`);
}

function binary(operator: string, left: LuaValue, right: LuaValue): LuaValue {
  switch (operator) {
    case "==":
      return left === right;
    case "~=":
      return left !== right;
    case "..":
      return `${textOf(left)}${textOf(right)}`;
  }
  if (typeof left !== "number" || typeof right !== "number")
    throw new Error(`Only numbers are compared by ${operator}.`);
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
    default:
      throw new Error(`The scripts have no ${operator} so far.`);
  }
}

function textOf(value: LuaValue): string {
  if (typeof value === "string" || typeof value === "number") return String(value);
  throw new Error("Only texts and numbers are joined.");
}

function toNumber(expression: Expression, names: Names): number {
  const value = evaluate(expression, names);
  if (typeof value !== "number") throw new Error("A number is needed here.");
  return value;
}
