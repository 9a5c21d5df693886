# What people read, in English. A text's name never changes; its words may.
# CREDITS($n) writes hundredths as 98.90, SIGNED($n) the same with a plus, MONEY($minor, $currency)
# an amount with its currency, MOMENT($seconds) a date and time.

## Arriving

welcome =
    Welcome! Here you buy credits and spend them on paid work.

    Choose a package to begin, or see what there is with /help.
welcome-gift =
    Welcome! Here you buy credits and spend them on paid work.

    { CREDITS($credits) } credits are yours to start with. Choose a package when you want more, or see what there is with /help.
welcome-back = Welcome back! Balance: { CREDITS($balance) } credits.
help =
    What you can do here:

    /buy – buy credits
    /balance – what you have
    /history – what came and what went
    /paysupport – help with a payment
    /terms – the terms of sale
not-understood = I did not understand that. See /help for what I can do.

## Buying

shop = Choose a package:
package-button = { CREDITS($credits) } credits · { MONEY($amount, $currency) }
pay-button = ➡️ Proceed to Payment
again-button = Try again: { CREDITS($credits) } credits · { MONEY($amount, $currency) }
checkout-link = Please complete your purchase using the link below:
checkout-paid = ✅ Paid: { CREDITS($credits) } credits for { MONEY($amount, $currency) }.
checkout-on-its-way = ⏳ Your bank transfer is on its way. Credits are added when the money arrives.
checkout-failed = ❌ The payment did not come through. Nothing was charged.
checkout-expired = ⌛ This payment link has expired. Nothing was charged.
payment-received = Payment received: { CREDITS($credits) } credits added. Balance: { CREDITS($balance) } credits.
payment-on-its-way = Thank you! Your bank transfer is on its way; that can take a few days. Your credits are added by themselves when it arrives, and I will tell you.
payment-failed = Your bank transfer did not arrive, so no credits were added and nothing was charged. You can try again:
still-on-its-way = Your earlier bank transfer for this package is still on its way; its credits are added when it arrives. Here is a new purchase, should you want one more:
mock-success = Success! Your MOCK purchase was processed. New balance: { CREDITS($balance) }

## The books

balance = Balance: { CREDITS($balance) } credits
balance-held = Held: { CREDITS($held) } credits
balance-more = Add credits with /buy, see where they went with /history.
history = Your last movements of credit:
history-line =
    { SIGNED($amount) } { $kind ->
        [purchase] bought
        [welcome] welcome gift
        [charge] paid work
       *[other] { $kind }
    } · { MOMENT($at) } UTC · balance { CREDITS($after) }
history-empty = No credits have come or gone yet. Get some with /buy.

## Help with money

paysupport =
    Help with a payment:

    • Card payments are credited within seconds, bank transfers when the money arrives, which can take days.
    • The page closed or failed? Press the package again: an open payment is continued, never charged twice.
    • Something still wrong? Write to the seller with your customer number { $user } and the purchase's number.
paysupport-line = Purchase { $purchase }: { CREDITS($credits) } credits for { MONEY($amount, $currency) }, { $state ->
        [open] not paid yet
        [processing] bank transfer on its way
        [paid] paid and credited
        [expired] expired, not charged
        [failed] not paid
       *[other] { $state }
    } · { MOMENT($at) } UTC
paysupport-none = You have made no purchase yet.
terms =
    Terms of sale:

    • Credits are bought from the operator of this bot and spent here on paid work. They are not money and cannot be sent to others.
    • The price is shown before you pay. Credits are added when the payment is confirmed.
    • Work that fails is not charged.
    • For refunds and questions see /paysupport.

## When the answer is no

no-account = Could not find your account. Please /start first.
no-such-package = This package is not on sale any more. See /buy for what is.
no-payment-link = Sorry, we could not create a payment link at this time.
mock-failed = An error occurred during the mock purchase.
not-enough = This needs { CREDITS($needed) } credits, and you have { CREDITS($available) }. Get more with /buy.
server-error = A server error occurred. Please try again later.

## The menu

command-start = Begin
command-buy = Buy credits
command-balance = What you have
command-history = What came and went
command-help = What this bot can do
command-paysupport = Help with a payment
command-terms = Terms of sale
