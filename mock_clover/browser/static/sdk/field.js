// A card field: the page in the iframe. The shop's page passes it a message port at the start, which
// carries commands in and events, errors and tokens out, but never a value.

import { TITLES, brandOf } from './brands.js';
import { Group } from './group.js';
import { digitsOf, fieldTypesOf } from './field-types.js';
import { reportHeight, whenStarted } from './port.js';
import { applyStyles } from './styles.js';
import { sendCard } from './tokens.js';
import { messagesFor } from './messages.js';

const asked = new URLSearchParams(location.search);
const type = asked.get('type') ?? '';
const messages = messagesFor(asked.get('locale') ?? 'en-US');
const fieldTypes = fieldTypesOf(type);
const hasNumber = fieldTypes.some((fieldType) => fieldType.name === 'CARD_NUMBER');

let port = null;
let group = null;
let brand = ''; // of the card in this checkout, whichever iframe has the number
let isTouched = false;

// Create the inputs -------------------------------------------------------------------------------

function build() {
  const form = document.createElement('form');
  form.noValidate = true;
  form.className = fieldTypes.length > 1 ? 'combined' : 'single';
  form.addEventListener('submit', (event) => event.preventDefault());
  const inputs = fieldTypes.map((fieldType) => buildInput(form, fieldType));
  document.documentElement.lang = messages.lang;
  document.title = messages.titles[type] ?? '';
  document.body.append(form);
  return inputs;
}

function buildInput(form, fieldType) {
  const box = form.appendChild(document.createElement(fieldType.tag));
  const label = box.appendChild(document.createElement('label'));
  const input = box.appendChild(document.createElement('input'));
  const message = box.appendChild(document.createElement('span'));
  input.id = fieldType.tag;
  label.htmlFor = input.id;
  label.textContent = messages.labels[fieldType.name];
  message.id = `${fieldType.tag}-error`;
  message.className = 'message';
  message.setAttribute('aria-live', 'polite');
  Object.assign(input, {
    name: fieldType.autocomplete,
    type: 'text',
    autocomplete: fieldType.autocomplete,
    inputMode: fieldType.inputMode,
    placeholder: messages.placeholders[fieldType.name],
    spellcheck: false,
    autocapitalize: 'off',
    required: true,
  });
  input.setAttribute('aria-describedby', message.id);
  const part = { fieldType, input, message, icon: null };
  if (fieldType.name === 'CARD_NUMBER') part.icon = buildIcon(box);
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

// Input handling ----------------------------------------------------------------------------------

const parts = build();

function onInput(part, event) {
  write(part, part.input.value, event.inputType ?? '');
  emit('change');
}

// Format the input; the caret stays after the same character.
function write(part, text, inputType) {
  const { input, fieldType } = part;
  const caret = input.selectionStart ?? text.length;
  const characters = (piece) => piece.replace(/[^\p{L}\p{N}]/gu, '').length;
  const formatted = fieldType.format(text, inputType);
  if (input.value !== formatted) {
    const kept = characters(text.slice(0, caret));
    input.value = formatted;
    if (caret < text.length) {
      let place = 0;
      while (place < input.value.length && characters(input.value.slice(0, place)) < kept) place += 1;
      input.setSelectionRange(place, place);
    }
  }
  if (fieldType.name === 'CARD_NUMBER') updateBrand(part);
  showErrors();
}

function updateBrand(part) {
  const found = brandOf(digitsOf(part.input.value));
  if (found === brand) return;
  brand = found;
  showBrand(part.icon);
  group?.send({ what: 'brand', brand });
}

function errorOf({ fieldType, input }) {
  const text = input.value.trim();
  if (!text) return messages.missing[fieldType.name];
  const key = fieldType.validate(text, brand);
  return key && messages[key][fieldType.name];
}

// Show errors once the field has lost focus or a token was requested.
function showErrors() {
  for (const part of parts) {
    const error = isTouched ? errorOf(part) : '';
    part.input.classList.toggle('invalid', Boolean(error));
    part.input.setAttribute('aria-invalid', String(Boolean(error)));
    part.message.textContent = error;
  }
}

function onFocus(part, isIn) {
  part.input.classList.toggle('focus', isIn);
  if (!isIn) isTouched = true;
  showErrors();
  emit(isIn ? 'focus' : 'blur');
}

// Messages to the shop's page ---------------------------------------------------------------------

function state() {
  const error = isTouched ? parts.map(errorOf).find(Boolean) : '';
  return error ? { error, touched: isTouched } : { touched: isTouched };
}

function emit(event) {
  port?.postMessage({ what: 'event', event, state: state() });
}

function markTouched() {
  isTouched = true;
  showErrors();
  port?.postMessage({ what: 'state', state: state() });
}

// Messages to the other fields --------------------------------------------------------------------

function answer() {
  markTouched();
  const { error } = state();
  return error ? { type, error } : { type, card: cardFields() };
}

function cardFields() {
  return Object.assign({}, ...parts.map(({ fieldType, input }) => fieldType.toCard(input.value)));
}

const handlers = {
  ask: answer,
  brand: (message) => {
    if (hasNumber) return;
    const before = state().error;
    brand = message.brand;
    showErrors();
    if (state().error !== before) port?.postMessage({ what: 'state', state: state() });
  },
  join: () => {
    if (brand && hasNumber) group.send({ what: 'brand', brand });
  },
  fill: ({ values }) => {
    const filled = parts.filter(({ fieldType }) => typeof values[fieldType.name] === 'string');
    for (const part of filled) write(part, values[part.fieldType.name], '');
    if (filled.length) emit('change');
  },
};

// Collect the other fields' values in this iframe and create a token from them.
async function tokenize({ key, others }) {
  const answers = [answer(), ...(await group.ask(others))];
  const invalid = answers.filter(({ error }) => error);
  if (invalid.length) {
    return { errors: Object.fromEntries(invalid.map(({ type: field, error }) => [field, error])) };
  }
  const card = Object.assign({}, ...answers.map((each) => each.card));
  const done = await sendCard({ card }, key, messages);
  if (done.errors && type === 'CARD') return { errors: { CARD: Object.values(done.errors)[0] } };
  const { address_zip: zip, address_line1: street, name } = card;
  // What the customer typed in addition to the card's secrets (address_zip is observed).
  const entered = { address_zip: zip, address_line1: street, name };
  for (const [member, value] of Object.entries(entered))
    if (done.card && value) done.card[member] = value;
  return done;
}

async function onCommand({ data }) {
  if (data.what === 'focus') parts[0]?.input.focus();
  if (data.what !== 'tokenize') return;
  let done;
  try {
    done = await tokenize(data);
  } catch (error) {
    done = { failure: { message: error.message } };
  }
  port.postMessage({ what: 'done', id: data.id, done });
}

whenStarted(({ id, group: name, styles, scheme, isSized }, startPort) => {
  port = startPort;
  document.documentElement.classList.toggle('natural', !isSized);
  document.documentElement.style.colorScheme = scheme;
  const ignoredStyles = applyStyles(document, styles);
  group = new Group(name, id, handlers);
  port.onmessage = onCommand;
  group.send({ what: 'join' });
  if (!isSized) reportHeight(port, document.forms[0]);
  port.postMessage({ what: 'ready', title: messages.titles[type], ignoredStyles });
});
