// What each audited page may cost. Those marked `speed` depend on the machine, so that CI only prints them. `busy` is what
// a page may cost there, where the words of the masthead were seen to move by a pixel.
export const LIMITS = [
  { name: "performance, of 100", of: "performance", least: 99, speed: true },
  { name: "accessibility, of 100", of: "accessibility", least: 100 },
  { name: "best practices, of 100", of: "practices", least: 100 },
  { name: "SEO, of 100", of: "seo", least: 100 },
  { name: "largest paint, ms", of: "paint", most: 1300, speed: true },
  { name: "layout shift", of: "shift", most: 0, busy: 0.01, digits: 3 },
  { name: "blocking time, ms", of: "blocking", most: 60, speed: true },
  { name: "requests", of: "requests", most: 8 },
  { name: "first visit, KB for 9,000 words", of: "bytes", most: 75, digits: 1 },
  { name: "without fonts, KB for 9,000 words", of: "withoutFonts", most: 42, digits: 1 },
  { name: "JavaScript, KB", of: "script", most: 10, digits: 1 },
  { name: "requests to other hosts", of: "foreign", most: 0 },
  { name: "elements for 4,000 words", of: "elements", most: 2000 },
  { name: "axe, rules broken", of: "axe", most: 0 },
];

export const FIRST_SEARCH = [
  { name: "KB", of: "bytes", most: 60, digits: 1 },
  { name: "ms to the first result at 1.6 Mbit/s and 150 ms", of: "first", most: 1000, speed: true },
  { name: "ms for the slowest further key", of: "key", most: 50, speed: true },
  { name: "axe, rules broken", of: "axe", most: 0 },
];

export const holds = ({ least = -Infinity, most = Infinity }, value) => value >= least && value <= most;
