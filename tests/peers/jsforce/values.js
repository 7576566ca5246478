// Values for the fields of a record, by what describe says of them.
//
// A value is one that the org keeps exactly as it is sent: trimmed, never empty, within length and scale.
// So a record here equals the org's row, and a change is never a no-op, for which the org raises no event.
'use strict';

const LONG_TEXT = 30000;

// References that point inside the scenario are set by it; other references, and fields that the org or a
// service maintains or couples with others, are left alone.
const LEFT_ALONE = /^(OwnerId|Jigsaw.*|CleanStatus|.*GeocodeAccuracy|EmailBounced.*|IsConverted|Dandb.*)$/;

const WORDS = [
  'Zoë Ångström', 'naïve café', 'Übergrößenträger', 'Łódź', 'Ελλάδα', 'Привет', 'שלום', 'مرحبا',
  '株式会社テスト', '서울특별시', 'e\u0301 combined', '🚀 launch', '👩‍👩‍👧 family', 'O\'Brien & "Söhne" <GmbH>',
  'back\\slash', '100 % {json}', 'semi;colon, comma', '[brackets]', 'plain words', 'tab\tinside',
];

/** The fields of a describe that a scenario writes, by name. */
function writableFields(describe) {
  const fields = describe.fields.filter((field) => field.createable && field.updateable
    && !field.externalId && !field.unique && !LEFT_ALONE.test(field.name) && field.type in MAKERS
    && (field.type !== 'picklist' || choices(field).length > 1));
  return new Map(fields.map((field) => [field.name, field]));
}

/** Whether a value may be taken away. */
function clearable(field) {
  return field.nillable && field.type !== 'boolean';
}

/** What the org puts into a field that a new record leaves out. */
function defaultOf(field) {
  if (field.type === 'boolean') return field.defaultValue ?? false;
  if (!field.defaultedOnCreate) return null;
  return field.defaultValue ?? field.picklistValues.find((entry) => entry.defaultValue)?.value ?? null;
}

/** A value for a field; `serial` makes names of different records differ. */
function valueFor(field, dice, serial) {
  return MAKERS[field.type](field, dice, serial);
}

const MAKERS = {
  // What is too short for words gets digits, or a cut would make all values alike.
  string: (field, dice, serial) => (field.length < 20
    ? String(dice.integer(0, 10 ** Math.min(field.length, 9) - 1))
    : fit(`${dice.integer(1, 9999)} ${text(dice)} ${serial}`, field.length)),
  textarea: (field, dice, serial) => (field.length >= LONG_TEXT && dice.chance(0.3)
    ? longText(dice, serial)
    : fit(`${dice.integer(1, 9999)} ${text(dice)}\nsecond line ${text(dice)}`, field.length)),
  phone: (field, dice) => `+49 ${dice.integer(100, 999)} ${dice.integer(1000000, 9999999)}`,
  email: (field, dice, serial) => `user${serial}.${dice.integer(1, 1e6)}@example.com`,
  url: (field, dice, serial) => `https://example.com/${serial}?a=${dice.integer(1, 1e6)}&b=%C3%A9`,
  picklist: (field, dice) => dice.pick(choices(field)),
  boolean: (field, dice) => dice.chance(0.5),
  int: (field, dice) => dice.integer(0, 10 ** Math.min(field.digits || 8, 8) - 1),
  currency: decimal,
  percent: decimal,
  double: decimal,
  date: (field, dice) => (dice.chance(0.1) ? '2024-02-29' : new Date(instant(dice)).toISOString().slice(0, 10)),
  datetime: (field, dice) => new Date(instant(dice)).toISOString().replace('Z', '+0000'),
};

// A lead becomes converted by a conversion only.
function choices(field) {
  const values = field.picklistValues.filter((entry) => entry.active).map((entry) => entry.value);
  return values.filter((value) => value !== 'Closed - Converted');
}

// Decimals with few digits are the same number in JSON, in the org and in an Avro double.
function decimal(field, dice) {
  const bound = field.name.endsWith('Latitude') ? 90 : 180;
  const scale = Math.min(field.scale, 6);
  const unit = 10 ** scale;
  if (/(Latitude|Longitude)$/.test(field.name)) return dice.integer(-bound * unit, bound * unit) / unit;
  return dice.integer(0, 10 ** Math.min(field.precision - field.scale, 9) * unit) / unit;
}

// Whole seconds between 1901 and 2099, so that times before 1970 occur.
function instant(dice) {
  return dice.integer(-2177452800, 4102444799) * 1000;
}

function text(dice) {
  return `${dice.pick(WORDS)} ${dice.integer(0, 999999)}`;
}

function longText(dice, serial) {
  const lines = [`${serial}`];
  let length = lines[0].length;
  while (length < LONG_TEXT) {
    const line = `${lines.length}: ${text(dice)}`;
    lines.push(line);
    length += line.length + 1;
  }
  return fit(lines.join('\n'), LONG_TEXT).padEnd(LONG_TEXT, '.');
}

// Cuts between characters, never inside a surrogate pair, and leaves no blank at the end.
function fit(value, length) {
  const cut = value.slice(0, length);
  const last = cut.charCodeAt(cut.length - 1);
  return (last >= 0xd800 && last <= 0xdbff ? cut.slice(0, -1) : cut).trim();
}

module.exports = { writableFields, clearable, defaultOf, valueFor };
