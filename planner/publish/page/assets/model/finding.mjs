// Finding by name, pinyin, id or rank. Entries: { text, keys, order }: what is shown, what else it goes by (ids, a rank with "#"),
// and its kind's place among equals (a proposed site before its namesakes).

export function fold(text) {
  return text.normalize("NFKC").toLowerCase().replace(/\s+/g, "");
}

// Whether latin letters spell the text from its i-th letter on, each syllable whole, begun (the last) or by its initial.
function spells(want, text, i, sounds) {
  if (!want) return true;
  if (i >= text.length) return false;
  for (const sound of sounds[text[i]] ?? [text[i]]) {
    if (sound.startsWith(want)) return true;
    if (want.startsWith(sound) && spells(want.slice(sound.length), text, i + 1, sounds)) return true;
    if (sound.length > 1 && want[0] === sound[0] && spells(want.slice(1), text, i + 1, sounds)) return true;
  }
  return false;
}

// Where in the text the letters begin to spell it; -1: nowhere.
export function pinyinAt(want, text, sounds) {
  if (!/^[a-z]+$/.test(want)) return -1;
  for (let i = 0; i < text.length; i++) if (sounds[text[i]] && spells(want, text, i, sounds)) return i;
  return -1;
}

// How well an entry answers, lower is better; Infinity: not at all. Names and ids alike.
function quality(want, entry, sounds) {
  let best = Infinity;
  for (const key of entry.folded) {
    const at = key.indexOf(want);
    if (at >= 0) best = Math.min(best, key.length === want.length ? 0 : at === 0 ? 1 : 2 + at / 1000);
  }
  if (best < Infinity) return best;
  const at = pinyinAt(want, entry.folded[0], sounds);
  return at < 0 ? Infinity : 4 + at / 1000;
}

export class Finder {
  constructor(entries, sounds = {}) {
    this.sounds = sounds;
    this.entries = entries.map((entry) => ({ ...entry, folded: [entry.text, ...(entry.keys ?? [])].map(fold) }));
  }
  find(text, most = 12) {
    const want = fold(text);
    if (!want) return [];
    const rank = want.match(/^(?:#|no\.?|第)?(\d+)(?:号|位)?$/)?.[1];
    const hits = [];
    this.entries.forEach((entry, i) => {
      const good = rank && entry.rank === Number(rank) ? -1 : quality(want, entry, this.sounds);
      if (good < Infinity) hits.push([good, entry.order ?? 9, i]);
    });
    hits.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
    return hits.slice(0, most).map(([, , i]) => this.entries[i]);
  }
}
