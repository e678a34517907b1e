// A card field: the page in the frame. It takes commands of the page around it by one port only,
// which that page hands over at the start, and tells it events, errors and tokens, never a value.

import { TITLES, brandOf } from './brands.js';
import { Group } from './group.js';
import { digitsOf, kindsOf } from './kinds.js';
import { tellHeight, whenStarted } from './port.js';
import { putOn } from './styles.js';
import { sendCard } from './tokens.js';
import { wordsOf } from './words.js';

const asked = new URLSearchParams(location.search);
const type = asked.get('type') ?? '';
const words = wordsOf(asked.get('locale') ?? 'en-US');
const kinds = kindsOf(type);
const knowsBrand = kinds.some((kind) => kind.name === 'CARD_NUMBER');

let port = null;
let group = null;
let brand = ''; // of the card in this checkout, whichever frame it is typed into
let isTouched = false;

// Build the inputs --------------------------------------------------------------------------------

function build() {
  const form = document.createElement('form');
  form.noValidate = true;
  form.className = kinds.length > 1 ? 'combined' : 'single';
  form.addEventListener('submit', (event) => event.preventDefault());
  const inputs = kinds.map((kind) => buildInput(form, kind));
  document.documentElement.lang = words.lang;
  document.title = words.titles[type] ?? '';
  document.body.append(form);
  return inputs;
}

function buildInput(form, kind) {
  const box = form.appendChild(document.createElement(kind.tag));
  const label = box.appendChild(document.createElement('label'));
  const input = box.appendChild(document.createElement('input'));
  const said = box.appendChild(document.createElement('span'));
  input.id = kind.tag;
  label.htmlFor = input.id;
  label.textContent = words.labels[kind.name];
  said.id = `${kind.tag}-error`;
  said.className = 'said';
  said.setAttribute('aria-live', 'polite');
  Object.assign(input, {
    name: kind.autocomplete,
    type: 'text',
    autocomplete: kind.autocomplete,
    inputMode: kind.inputMode,
    placeholder: words.placeholders[kind.name],
    spellcheck: false,
    autocapitalize: 'off',
    required: true,
  });
  input.setAttribute('aria-describedby', said.id);
  const part = { kind, input, said, icon: null };
  if (kind.name === 'CARD_NUMBER') part.icon = buildIcon(box);
  input.addEventListener('input', (event) => onInput(part, event));
  input.addEventListener('focus', () => onFocus(part, true));
  input.addEventListener('blur', () => onFocus(part, false));
  return part;
}

function buildIcon(box) {
  const icon = box.appendChild(document.createElement('img'));
  icon.className = 'brand';
  showBrand(icon);
  return icon;
}

function showBrand(icon) {
  const name = (brand || 'unknown').toLowerCase().replace('_', '-');
  icon.src = `static/brand-${name}.svg`;
  icon.alt = TITLES[brand] ?? '';
}

// What is typed -----------------------------------------------------------------------------------

const parts = build();

function onInput(part, event) {
  write(part, part.input.value, event.inputType ?? '');
  say('change');
}

// Write what was typed in its form, the caret behind the same sign as before.
function write(part, text, typed) {
  const { input, kind } = part;
  const caret = input.selectionStart ?? text.length;
  const signs = (piece) => piece.replace(/[^\p{L}\p{N}]/gu, '').length;
  const shaped = kind.shape(text, typed);
  if (input.value !== shaped) {
    const kept = signs(text.slice(0, caret));
    input.value = shaped;
    if (caret < text.length) {
      let place = 0;
      while (place < input.value.length && signs(input.value.slice(0, place)) < kept) place += 1;
      input.setSelectionRange(place, place);
    }
  }
  if (kind.name === 'CARD_NUMBER') learnBrand(part);
  judge();
}

function learnBrand(part) {
  const found = brandOf(digitsOf(part.input.value));
  if (found === brand) return;
  brand = found;
  showBrand(part.icon);
  group?.tell({ what: 'brand', brand });
}

function errorOf({ kind, input }) {
  const text = input.value.trim();
  if (!text) return words.missing[kind.name];
  const fault = kind.fault(text, brand);
  return fault && words[fault][kind.name];
}

// Show what is wrong, once the field has been left or a token was asked for.
function judge() {
  for (const part of parts) {
    const error = isTouched ? errorOf(part) : '';
    part.input.classList.toggle('invalid', Boolean(error));
    part.input.setAttribute('aria-invalid', String(Boolean(error)));
    part.said.textContent = error;
  }
}

function onFocus(part, isIn) {
  part.input.classList.toggle('focus', isIn);
  if (!isIn) isTouched = true;
  judge();
  say(isIn ? 'focus' : 'blur');
}

// What the page around hears ----------------------------------------------------------------------

function state() {
  const error = isTouched ? parts.map(errorOf).find(Boolean) : '';
  return error ? { error, touched: isTouched } : { touched: isTouched };
}

function say(event) {
  port?.postMessage({ what: 'event', event, state: state() });
}

function touch() {
  isTouched = true;
  judge();
  port?.postMessage({ what: 'state', state: state() });
}

// What the other fields hear ----------------------------------------------------------------------

function answer() {
  touch();
  const { error } = state();
  return error ? { type, error } : { type, card: given() };
}

function given() {
  return Object.assign({}, ...parts.map(({ kind, input }) => kind.give(input.value)));
}

const hears = {
  ask: answer,
  brand: (said) => {
    if (knowsBrand) return;
    const before = state().error;
    brand = said.brand;
    judge();
    if (state().error !== before) port?.postMessage({ what: 'state', state: state() });
  },
  join: () => {
    if (brand && knowsBrand) group.tell({ what: 'brand', brand });
  },
  fill: ({ values }) => {
    const filled = parts.filter(({ kind }) => typeof values[kind.name] === 'string');
    for (const part of filled) write(part, values[part.kind.name], '');
    if (filled.length) say('change');
  },
};

// Gather the other fields' values here, in this frame, and make a token of them.
async function tokenise({ key, others }) {
  const answers = [answer(), ...(await group.ask(others))];
  const wrong = answers.filter(({ error }) => error);
  if (wrong.length) {
    return { errors: Object.fromEntries(wrong.map(({ type: field, error }) => [field, error])) };
  }
  const card = Object.assign({}, ...answers.map((each) => each.card));
  const done = await sendCard({ card }, key, words);
  if (done.errors && type === 'CARD') return { errors: { CARD: Object.values(done.errors)[0] } };
  const { address_zip: zip, address_line1: street, name } = card;
  // What the page's own customer typed beside the card's secrets (address_zip is observed).
  const beside = { address_zip: zip, address_line1: street, name };
  for (const [member, value] of Object.entries(beside))
    if (done.card && value) done.card[member] = value;
  return done;
}

async function onCommand({ data }) {
  if (data.what === 'focus') parts[0]?.input.focus();
  if (data.what !== 'tokenise') return;
  let done;
  try {
    done = await tokenise(data);
  } catch (error) {
    done = { failure: { message: error.message } };
  }
  port.postMessage({ what: 'done', id: data.id, done });
}

whenStarted(({ id, group: name, styles, scheme, isSized }, given) => {
  port = given;
  document.documentElement.classList.toggle('natural', !isSized);
  document.documentElement.style.colorScheme = scheme;
  const leftOut = putOn(document, styles);
  group = new Group(name, id, hears);
  port.onmessage = onCommand;
  group.tell({ what: 'join' });
  if (!isSized) tellHeight(port, document.forms[0]);
  port.postMessage({ what: 'ready', title: words.titles[type], leftOut });
});
