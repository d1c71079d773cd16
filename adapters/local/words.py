"""Everything the studio's page says by itself, in English: the keys of the catalogues."""

from __future__ import annotations

from collections.abc import Mapping

from bot import errors
from bot.i18n.marks import N_

NO_SCRIPT = N_("The studio needs JavaScript. Please allow it for this page.")

NO_LINK = N_("The studio opens with a link")
NO_LINK_HOW = N_(
    "Open the link that Easel printed when it started. It works once, in one browser; restart Easel to get a new one."
)
USED_LINK = N_("This link was already used")
USED_LINK_HOW = N_("Go back to the browser it was opened in, or restart Easel and open the new link it prints.")
OTHER_HOST = N_("The studio does not answer to this address")
OTHER_HOST_HOW = N_(
    "Use the address that Easel printed, or add this one to local.hosts (EASEL_LOCAL__HOSTS) and restart Easel."
)
OTHER_PAGE = N_("Nothing was done.")
OTHER_PAGE_HOW = N_("That did not come from the studio's own page.")
BAD_FORM = N_("That could not be understood.")
BAD_FORM_HOW = N_("Please reload the page and try again.")
NOTHING_HERE = N_("There is nothing here.")
NOTHING_HERE_HOW = N_("The studio is on the first page.")

EXAMPLES = (
    N_("a red fox in the snow at dusk"),
    N_("a lighthouse above a stormy sea"),
    N_("a hot-air balloon over blossoming hills"),
)
"""Prompts to begin with."""

PAGE: Mapping[str, str] = {
    "welcome": N_("What shall I draw?"),
    "welcome_more": N_(
        "Describe a picture in your own words. To change one, press Edit beside it, or drop a picture of yours here."
    ),
    "try": N_("Try one of these"),
    "prompt": N_("Describe a picture"),
    "prompt_edit": N_("What should change?"),
    "message": N_("Your message"),
    "messages": N_("Conversation"),
    "send": N_("Send"),
    "add_pictures": N_("Add pictures"),
    "add_mask": N_("Add a mask: what is transparent, or white on black, may change"),
    "mask": N_("Mask"),
    "remove": N_("Remove {name}"),
    "size": N_("Size"),
    "size_auto": N_("Size: automatic"),
    "size_square": N_("Square"),
    "size_portrait": N_("Portrait"),
    "size_landscape": N_("Landscape"),
    "count": N_("Number of pictures"),
    "commands": N_("Commands"),
    "changing": N_("Changing this picture"),
    "which_picture": N_("Which picture?"),
    "stop_changing": N_("Don't change it"),
    "drop": N_("Drop pictures here to change them"),
    "again": N_("Again"),
    "edit": N_("Edit"),
    "undo": N_("Undo"),
    "details": N_("Details"),
    "delete": N_("Delete"),
    "delete_sure": N_("Delete this for good?"),
    "keep": N_("Keep"),
    "cancel": N_("Cancel"),
    "cancelling": N_("Stopping…"),
    "close": N_("Close"),
    "previous": N_("Previous picture"),
    "next": N_("Next picture"),
    "download": N_("Download"),
    "view": N_("View picture {n} of {all} in full size"),
    "edit_this": N_("Edit picture {n} of {all}"),
    "you": N_("You"),
    "easel": N_("Easel"),
    "answers": N_("In answer to: {text}"),
    "to_answered": N_("Go to what this answers"),
    "gone_message": N_("A deleted message"),
    "gone_picture": N_("This picture was deleted."),
    "arrived": N_("New picture: {text}"),
    "new_picture": N_("New picture"),
    "new_message": N_("New message"),
    "starting": N_("Starting…"),
    "sending": N_("Sending…"),
    "not_sent": N_("Not sent."),
    "try_again": N_("Try again"),
    "discard": N_("Discard"),
    "lost": N_("Easel can't be reached. Trying again…"),
    "found": N_("Connected again."),
    "locked": N_("This page is signed out. Please open the link that Easel prints when it starts."),
    "theme": N_("Switch between light and dark"),
    "earlier": N_("Loading earlier messages…"),
    "failed": errors.BotError.sentence,
    "too_many": errors.TooManyPictures.sentence,
    "too_large": errors.FileTooLarge.sentence,
    "no_picture": errors.UnknownType.sentence,
}
"""By the names the page's scripts use; a test holds the two against each other."""
