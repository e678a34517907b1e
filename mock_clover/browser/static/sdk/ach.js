// The bank account form: the page in the iframe of ACH_ELEMENTS. The shop's page gets events, one error
// for the whole form, and the token; the form shows the error of each field itself (inferred).

import { ACH_FIELDS, achOf, isValid } from './ach-fields.js';
import { reportHeight, whenStarted } from './port.js';
import { applyStyles } from './styles.js';
import { sendToken } from './tokens.js';

const form = document.forms[0];
let port = null;
const parts = new Map(); // name -> {input, box, message, isTouched}

function addPart(name, label, input, kind = '') {
  const box = form.appendChild(document.createElement('div'));
  const tag = document.createElement('label');
  const message = document.createElement('span');
  Object.assign(input, { id: name, name, required: true });
  Object.assign(tag, { htmlFor: name, textContent: label });
  Object.assign(message, { id: `${name}-error`, className: 'message' });
  message.setAttribute('aria-live', 'polite');
  input.setAttribute('aria-describedby', message.id);
  box.className = kind;
  box.append(...(kind ? [input, tag] : [tag, input]), message);
  const part = { name, label, input, box, message, isTouched: false };
  input.addEventListener('input', () => change(part));
  input.addEventListener('focus', () => emit('focus'));
  input.addEventListener('blur', () => {
    part.isTouched = true;
    showErrors();
    emit('blur');
  });
  parts.set(name, part);
}

function inputOf({ options, inputMode = 'text', autocomplete = 'off' }) {
  if (!options) {
    const input = document.createElement('input');
    return Object.assign(input, { type: 'text', inputMode, autocomplete, spellcheck: false });
  }
  const select = document.createElement('select');
  select.append(...Object.entries(options).map(([value, text]) => new Option(text, value)));
  return select;
}

function build() {
  for (const [name, field] of Object.entries(ACH_FIELDS)) addPart(name, field.label, inputOf(field));
  const box = Object.assign(document.createElement('input'), { type: 'checkbox' });
  addPart('agreement', 'I authorize this electronic check (mock).', box, 'agreement wide');
  showKind();
}

const chosenKind = () => parts.get('check_type').input.value;
const isShown = ({ name }) => !ACH_FIELDS[name]?.only || ACH_FIELDS[name].only === chosenKind();
const shown = () => [...parts.values()].filter(isShown);

function showKind() {
  for (const part of parts.values()) part.box.hidden = !isShown(part);
}

function change(part) {
  if (part.name === 'check_type') showKind();
  showErrors();
  emit('change');
}

function errorOf({ name, label, input }) {
  if (name === 'agreement') return input.checked ? '' : 'The authorization is required.';
  if (!input.value.trim()) return `${label} is required.`;
  return isValid(name, input.value) ? '' : `${label} is invalid.`;
}

function showErrors() {
  for (const part of parts.values()) {
    const error = part.isTouched ? errorOf(part) : '';
    part.input.classList.toggle('invalid', Boolean(error));
    part.input.setAttribute('aria-invalid', String(Boolean(error)));
    part.message.textContent = error;
  }
}

function state() {
  const touched = shown().filter(({ isTouched }) => isTouched);
  const error = touched.map(errorOf).find(Boolean);
  return error ? { error, touched: true } : { touched: touched.length > 0 };
}

function emit(event) {
  port?.postMessage({ what: 'event', event, state: state() });
}

async function tokenize(key) {
  for (const part of shown()) part.isTouched = true;
  showErrors();
  port.postMessage({ what: 'state', state: state() });
  const { error } = state();
  if (error) return { errors: { ACH_ELEMENTS: error } };
  const fields = shown().filter(({ name }) => name !== 'agreement');
  const ach = achOf(Object.fromEntries(fields.map(({ name, input }) => [name, input.value])));
  const { answer, failure } = await sendToken({ ach }, key);
  return answer ? { token: answer.id, ach: { ...answer.ach } } : { failure };
}

async function onCommand({ data }) {
  if (data.what !== 'tokenize') return;
  port.postMessage({ what: 'done', id: data.id, done: await tokenize(data.key) });
}

build();
form.addEventListener('submit', (event) => event.preventDefault());

whenStarted(({ styles, scheme, isSized }, startPort) => {
  port = startPort;
  document.documentElement.style.colorScheme = scheme;
  const ignoredStyles = applyStyles(document, styles);
  port.onmessage = onCommand;
  if (!isSized) reportHeight(port, form);
  port.postMessage({ what: 'ready', title: document.title, ignoredStyles });
});
