"""The first sale, through the built application over HTTP: press, pay, credited, once."""

from tests.makers import BUYER, link_of, running_service


async def test_a_mock_sale(database_url: str) -> None:
    async with running_service(database_url, mock_stripe_payments=True) as h:
        await h.say("/start", "Welcome!")
        shop = await h.say("/buy", "Choose a package:")
        await h.press(shop, "buy_100")
        await h.said("Success! Your MOCK purchase was processed. New balance: 100.00")
        await h.say("/balance", "Balance: 100.00 credits")
        assert len(h.stripe.requests) == 0


async def test_a_live_sale_against_the_local_stripe(database_url: str) -> None:
    async with running_service(database_url) as h:
        await h.say("/start", "Welcome!")
        shop = await h.say("/buy", "Choose a package:")
        await h.press(shop, "buy_500")
        linked = await h.said("Please complete your purchase using the link below:")
        assert linked["reply_markup"]["inline_keyboard"][0][0]["text"] == "➡️ Proceed to Payment"
        async with h.http.post(link_of(linked), data={"how": "card"}) as page:
            assert page.status == 200
            assert "/payment-success?session_id=cs_test_" in str(page.url)
        await h.said("Payment received: 500.00 credits added. Balance: 500.00 credits.")
        await h.said("✅ Paid: $20.00.")
        await h.say("/balance", "Balance: 500.00 credits")
        received = [text for text in h.texts(BUYER) if text.startswith("Payment received")]
        assert len(received) == 1
