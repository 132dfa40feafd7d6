import time

import pytest

from worker.answering.check.exclusions import asserts_excluded

SSO = "No plan includes SSO except Growth."
FREE = "Delivery is free, except for oversized parcels, which cost €12."
TRAINS = "Pets may travel on all trains except night trains."
KEYS = "A disabled key can be enabled again; a revoked one cannot."


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("The fee goes to the charity.", "The fee goes to the venue and not to the charity."),
        ("Members get 10 % off Basic and Pro.", "Members get 10 % off Basic, but not off Pro."),
        ("Pets may travel on night trains.", TRAINS),
        ("A cancelled card can be used again.", "A blocked card can be used again; a cancelled one cannot."),
        ("The Ruby library retries by itself.", "The Java library retries by itself; the Ruby library does not."),
        ("You can enable a revoked key again.", KEYS),
        ("Delivery of oversized parcels is free.", FREE),
        ("Starter includes SSO as well.", "All plans include SSO apart from Starter."),
        ("You can pay for gift cards with PayPal.", "You can pay with PayPal for anything other than gift cards."),
        ("The lounge is open to Silver members.", "The lounge is open to Gold members, but not to Silver members."),
        ("The discount applies to gift cards.", "The discount applies to all items excluding gift cards."),
        ("Roaming is included in Switzerland.", "Roaming is included in all of Europe except Switzerland."),
        ("Library books can be renewed online, and so can films.", "Books can be renewed online; films cannot."),
        ("Guests can invite others.", "Members, but not guests, can invite others."),
        ("On Sundays the desk answers calls.", "The desk answers calls every day, except on Sundays."),
        ("Labels of returns can be printed twice.", "Labels can be printed twice, but not those of returns."),
        ("Payments by cheque are refunded at once.", "Payments are refunded at once, apart from payments by cheque."),
    ],
)
def test_what_a_passage_excludes_is_not_told_as_so(claim, passage):
    assert asserts_excluded(claim, passage) is not None


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("The fee goes to the venue.", "The fee goes to the venue and not to the charity."),
        ("The fee doesn't go to the charity.", "The fee goes to the venue and not to the charity."),
        ("Members get 10 % off Basic only, so Pro is at full price.", "Members get 10 % off Basic, but not off Pro."),
        ("Use the ramp rather than the stairs.", "Use the ramp, not the stairs."),
        ("Charity runs start at nine.", "The fee goes to the venue and not to the charity."),
        ("The Growth plan includes SSO.", SSO),
        ("SSO is included in Growth.", SSO),
        ("Damaged goods can be returned.", "Goods cannot be returned, except damaged goods."),
        ("You can return damaged goods.", "Apart from damaged goods, opened goods cannot be returned."),
        ("Faulty earrings can be returned.", "Returns: earrings are not taken back, other than faulty earrings."),
        ("Guide dogs may come on board.", "No animals may come on board apart from guide dogs."),
        ("Admins can delete a workspace.", "Nobody except admins can delete a workspace."),
        ("Deposits are refunded.", "We never refund fees excluding deposits."),
        ("Delivery of oversized parcels costs €12.", FREE),
        ("Oversized parcels cost €12 to deliver.", FREE),
        ("Delivery of oversized parcels is charged.", "Delivery is free except for oversized parcels."),
        (
            "For appeals, ask for aid at the court.",
            "The voucher covers letters and aid with forms, not appeals: for these ask for aid at the court.",
        ),
        ("We refund the price, but the fee stays with us.", "We refund the price but not the fee."),
        ("The shop is open all day, while the café needs a booking.", "The shop is open all day, the café isn't."),
        ("The price is €20 plus VAT.", "The price is €20 excluding VAT."),
        ("VAT is added to the price of €20.", "The price is €20 excluding VAT."),
        ("Delivery takes 3 days, and weekends come on top.", "Delivery takes 3 days excluding weekends."),
        ("Customers in Germany have 30 days to return.", "Customers in countries other than Germany pay customs."),
        (
            "Starter and Growth include 5 seats.",
            "Growth, not Starter, includes SSO. Starter and Growth include 5 seats.",
        ),
        ("A revoked key stays listed for 30 days.", f"{KEYS} A revoked key stays in the list for 30 days."),
        (
            "Starter is the plan for small teams and includes email support.",
            "All plans include SSO except Starter. Starter is for small teams and includes email support.",
        ),
        ("Upgrade from Starter to a plan that includes SSO.", "All plans include SSO except Starter."),
        ("All other plans than Starter include SSO.", "All plans include SSO except Starter."),
        ("Everything but gift cards can be paid with PayPal.", "All but gift cards can be paid with PayPal."),
        ("Pets may travel on trains with the exception of night trains.", TRAINS),
        ("Night trains are closed to pets, who may travel on every other train.", TRAINS),
        ("Take the card that is expired to a branch.", "If the card is blocked and not expired, call us."),
        ("Unless it is revoked, a disabled key can be enabled again.", KEYS),
        ("We are open on 24 December.", "We are closed on public holidays except 24 December."),
        (
            "If you pay in euros, your bank charges nothing extra.",
            "If you pay in a currency other than euros, your bank charges a fee.",
        ),
        ("The item has to be as described.", "If the item is other than described, send it back."),
        ("Gold members get in with a guest.", "The lounge is open to Gold members, but not to Silver members."),
        (
            "When the light is green, the router works.",
            "The light is green when it works; if it is not, restart.",
        ),
        ("Films can be extended at the desk.", "Books can be renewed online; films cannot, but at the desk they can."),
    ],
)
def test_a_true_sentence_beside_an_exclusion_reaches_the_customer(claim, passage):
    assert asserts_excluded(claim, passage) is None


@pytest.mark.parametrize(
    "passage",
    [
        "Keys" + " " * 20_000 + "work",
        " ".join(["Keys work,"] * 3_000),
        "a " * 10_000 + "cannot be",
        "except " * 5_000,
        ", not " * 5_000,
        "-" * 20_000 + " x",
    ],
)
def test_a_strange_passage_costs_no_time(passage):
    start = time.process_time()
    asserts_excluded("Keys work.", passage)
    assert time.process_time() - start < 1
