"""The same quantity in another form agrees with its source; another one does not."""

import pytest

from worker.answering.check.quantity_check import first_missing


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("It is valid for 36 months.", "It is valid for three years."),
        ("It takes 60 minutes.", "It takes an hour."),
        ("You have 14 days.", "You have two weeks."),
        ("You have a fortnight, so 14 days.", "You have 2 weeks."),
        ("The guarantee lasts for two years.", "It has a two-year guarantee."),
        ("It lasts for a year and a half.", "It lasts 18 months."),
        ("The tour takes an hour and a half.", "The tour takes 90 minutes."),
        ("Be there within a quarter of an hour.", "Be there within 15 minutes."),
        ("It costs 50 cents.", "It costs €0.50."),
        ("You pay 4.95 €.", "You pay €4.95."),
        ("You pay 1,250 euros.", "You pay € 1.250,00."),
        ("You get half of it back.", "We refund 50 %."),
        ("A third is kept.", "We keep 33 %."),
        ("Parcels of up to 500 g.", "Parcels of up to 0.5 kg."),
        ("Files of up to 2 GB.", "Files of up to 2,000 MB."),
        ("Boxes up to 1.2 m long.", "Boxes up to 120 cm long."),
        ("We are open from 9:00 to 17:00.", "We are open 9 am-5 pm."),
        ("We open at noon.", "We open at 12:00."),
        ("The gate closes at half past eight.", "The gate closes at 8:30 pm."),
        ("You must leave by ten in the morning.", "Check-out: 10:00."),
        ("Staffed between 9 am and 3 pm.", "Mon-Fri 9-15."),
        ("It ends on 3 May 2026.", "It ends on May 3rd, 2026."),
        ("On 24 December we close early.", "On 24 and 31 December we close early."),
        ("It takes three to five business days.", "It takes 3-5 working days."),
        ("There are two ways to pay.", "Pay by card. Or pay by transfer."),
        ("First open the app.", "Open the app, then sign in."),
        ("It's one of the best.", "It is good."),
        ("Shipping costs €0.", "Shipping is free."),
        ("We're there seven days a week.", "We are there every day."),
        ("Basic costs €1 a month, so that's €12 a year.", "Basic costs 1 € a month."),
        ("You save €4 compared with Plus.", "Basic costs €5, Plus €9."),
        ("Together they cost €14.", "Basic costs €5, Plus €9."),
    ],
)
def test_the_same_quantity_agrees(claim, source):
    assert first_missing(claim, source) is None


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("It is valid for 24 months.", "It is valid for three years."),
        ("It takes 90 minutes.", "It takes an hour."),
        ("You have 12 weeks.", "You have 12 months."),
        ("Return it within a month.", "Return it within 30 days."),
        ("You pay $5.", "You pay €5."),
        ("You get a quarter back.", "You get half back."),
        ("The rate is 1.8 % a year.", "The rate is 1.6 % a year."),
        ("The fee is 0.75 %.", "The fee is 0.5 %."),
        ("Files of up to 2 GB.", "Files of up to 2 MB."),
        ("We open at 9 pm.", "We open at 9 am."),
        ("It ends on 3 May.", "It ends on 4 May."),
        ("It takes 3 working days.", "It takes 3 hours."),
        ("It costs €6 more.", "Basic costs €5, Plus €9."),
        ("It costs 6 €.", "It costs 5 €."),
        ("Wait 24 hours.", "Wait two days."),
        ("Enter its 49-digit number.", "Enter its 16-digit number; up to 3 can be combined."),
    ],
)
def test_another_quantity_does_not(claim, source):
    assert first_missing(claim, source) is not None


@pytest.mark.parametrize(
    ("claim", "source", "question"),
    [
        ("You have until 2 June.", "You have 30 days.", "It came on 3 May."),
        ("The code is good until 3 May 2028.", "Codes are good for two years.", "I bought it on 3 May 2026."),
        ("For your three seats that's €27 a month.", "A seat costs €9 a month.", "We are 3 people."),
        ("You get €20 back.", "We refund 50 %.", "I paid €40."),
        ("With 12 days gone, it can be returned.", "Returns within 30 days.", "I bought it 12 days ago."),
        ("That is €5 over the limit.", "The limit is €50.", "My order is €55."),
        ("In your case that is €7,500.", "It is three times your net income.", "My net income is 2,500."),
    ],
)
def test_what_is_computed_from_the_customers_own_figures_agrees(claim, source, question):
    assert first_missing(claim, source, question=question) is None


@pytest.mark.parametrize(
    ("claim", "source", "question"),
    [
        ("You have until 5 June.", "You have 30 days.", "It came on 3 May."),
        ("For your three seats that's €37 a month.", "A seat costs €9 a month.", "We are 3 people."),
        ("You get €30 back.", "We refund 50 %.", "I paid €40."),
        ("In your case that is €8,500.", "It is three times your net income.", "My net income is 2,500."),
        ("In your case that is €7,500.", "It is as much as your income; up to three cards.", "My income is 2,500."),
    ],
)
def test_what_is_computed_wrongly_does_not(claim, source, question):
    assert first_missing(claim, source, question=question) is not None


@pytest.mark.parametrize("claim", ["Express delivery costs €20.", "Express delivery costs €5.", "It costs €120."])
def test_a_price_is_not_borne_out_by_its_multiple(claim):
    assert first_missing(claim, "Express delivery costs €10.") is not None


def test_dates_at_the_end_of_the_calendar_are_compared():
    source = "The licence is valid until 31 December 9999. Returns within 30 days."
    assert first_missing("You have until 1 June 2026.", source) is not None
    assert first_missing("You have until 1 June 2026.", "Until 3 May 2026.", question="in 99999999 days") is not None


PRICES = (
    "The form costs €4.50, the stamp €12 and the courier €22.50. 15 metres of cable are free, each further one is €4."
)


def test_a_total_of_three_prices_is_borne_out():
    assert first_missing("It is €39: €4.50, €12 and €22.50.", PRICES) is None
    assert first_missing("It is €49: €4.50, €12 and €22.50.", PRICES) is not None


def test_what_is_beyond_a_limit_is_computed_from_the_customers_amount():
    asked = "What do I pay for 20 metres?"

    assert first_missing("For 20 metres you pay €20.", PRICES, question=asked) is None
    assert first_missing("For 20 metres you pay €24.", PRICES, question=asked) is not None


def test_a_first_of_something_is_no_quantity():
    assert first_missing("The first answer is kept for 24 hours.", "We keep the first answer for 48 hours.") is not None
