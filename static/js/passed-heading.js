// Tells which heading is that of the section that is being read: the last one in the upper quarter of the window, or above it.

/** Calls `act` with its place among `headings` whenever it may be another; with -1 before the first is passed. */
export function onPassedHeading(headings, act) {
  const tell = () => act(headings.findLastIndex((heading) => heading.getBoundingClientRect().top <= innerHeight / 4 + 1));
  // However far above the window a heading is, it counts as passed.
  const observer = new IntersectionObserver(tell, { rootMargin: "10000000px 0px -75% 0px" });
  for (const heading of headings) observer.observe(heading);
  return observer;
}
