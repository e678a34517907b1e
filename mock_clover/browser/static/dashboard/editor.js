// A text area for code with line numbers, marked lines, and indentation by Tab.
// After Escape, or right after the field was reached by keyboard, Tab leaves it: it is no keyboard trap.

import { el, setText } from "./dom.js";

const INDENT = "  ";

export class Editor {
  constructor({ label, onInput, onApply }) {
    this.onApply = onApply;
    this.isPointed = false;
    this.marks = new Set();
    this.leaves = false;
    this.gutter = el("pre", { class: "gutter", "aria-hidden": "true" });
    this.field = el("textarea", {
      wrap: "off", spellcheck: "false", autocapitalize: "off", autocomplete: "off",
      "aria-label": label, "aria-describedby": "editor-hint",
      on: {
        input: () => { this.number(); onInput(); },
        scroll: () => { this.gutter.scrollTop = this.field.scrollTop; },
        keydown: (event) => this.pressed(event),
        pointerdown: () => { this.isPointed = true; },
        focus: () => {
          this.leaves = !this.isPointed; // who comes by Tab leaves by Tab, unless another key is pressed
          this.isPointed = false;
        },
      },
    });
    this.root = el("div", { class: "editor" }, this.gutter, this.field);
  }

  get text() {
    return this.field.value;
  }

  /** Set the text, with the cursor at its start. */
  set text(text) {
    this.field.value = text;
    this.field.setSelectionRange(0, 0);
    this.field.scrollTop = 0;
    this.number();
  }

  number() {
    const lines = this.field.value.split("\n").length;
    const numbers = Array.from({ length: lines }, (_, place) =>
      `${this.marks.has(place + 1) ? "✕ " : ""}${place + 1}`);
    setText(this.gutter, numbers.join("\n"));
    this.gutter.scrollTop = this.field.scrollTop;
  }

  /** Mark lines with errors. */
  mark(lines) {
    this.marks = new Set(lines);
    this.field.setAttribute("aria-invalid", lines.length > 0);
    this.number();
  }

  /** Replace the whole text in a way that can be undone. */
  replaceText(text) {
    this.field.focus();
    this.field.select();
    this.insert(text);
  }

  /** Go to a line and select it, or `count` lines from it. */
  goTo(line, column = 1, count = 1) {
    const lines = this.field.value.split("\n");
    const place = Math.min(Math.max(line, 1), lines.length) - 1;
    const start = lines.slice(0, place).reduce((sum, each) => sum + each.length + 1, 0);
    this.field.focus();
    const end = start + lines.slice(place, place + count).join("\n").length;
    this.field.setSelectionRange(start + Math.min(column - 1, lines[place].length), end);
    const px = this.field.scrollHeight / lines.length;
    this.field.scrollTop = Math.max(0, (place - 4) * px);
  }

  pressed(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.onApply();
    } else if (event.key === "Escape") this.leaves = true;
    else if (event.key === "Tab" && !this.leaves && !event.ctrlKey && !event.altKey && !event.metaKey) {
      event.preventDefault();
      this.indent(event.shiftKey);
    } else if (event.key !== "Tab" && event.key !== "Shift") this.leaves = false;
  }

  /** Indent or unindent the selected lines; without a selection, insert spaces. */
  indent(back) {
    const { selectionStart: from, selectionEnd: end, value } = this.field;
    if (!back && from === end) {
      this.insert(INDENT);
      return;
    }
    const start = value.lastIndexOf("\n", from - 1) + 1;
    const lines = value.slice(start, end).split("\n");
    const moved = lines.map((line) => (back ? line.replace(/^ {1,2}/, "") : INDENT + line)).join("\n");
    this.field.setSelectionRange(start, end);
    this.insert(moved);
    this.field.setSelectionRange(start, start + moved.length);
  }

  /** Replace the selection in a way that can be undone. */
  insert(text) {
    if (document.execCommand("insertText", false, text)) return;
    this.field.setRangeText(text, this.field.selectionStart, this.field.selectionEnd, "end");
    this.field.dispatchEvent(new Event("input"));
  }
}
