// Opens the link of an owner: the code behind the # of the address is put into the field of the page, and sent as the form sends it.
//
// What holds: a code is never in an address that is sent; it is taken out of the address of the page, so that nobody reads it there over a
// shoulder, and "back" opens nothing again; what is sent shows something and changes nothing. Without this script the code is typed.

const field = document.querySelector("#code");
const code = location.hash.slice(1);
if (field && code) {
  history.replaceState(null, "", location.pathname + location.search);
  field.value = code;
  field.form.requestSubmit();
}
