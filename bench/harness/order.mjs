/** The contestants in the order of a round: the first of a round finds colder caches, so every other round is reversed. */
export function orderOf(round, contestants) {
  return round % 2 === 0 ? [...contestants] : [...contestants].reverse();
}
