// Shows times of a page in the clock of whoever reads it; without it they stand there in UTC.
//
// What holds: a time that cannot be read, or a browser that lacks the language, leaves what the server wrote.

// Days are written as the rest of the page writes them: the day first.
const language = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;
for (const time of document.querySelectorAll("time[data-local]")) {
  const at = new Date(time.dateTime);
  if (!Number.isNaN(at.valueOf())) {
    const parts = { day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" };
    time.title = time.textContent;
    time.textContent = new Intl.DateTimeFormat(language, { ...parts, hourCycle: "h23" }).format(at);
  }
}
