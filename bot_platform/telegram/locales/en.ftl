# What people read, in English. A text's name never changes; its words may.
# CREDITS($n) writes hundredths as 98.90, SHORT($n) 100.00 as 100, SIGNED($n) with a plus, MONEY($minor, $currency)
# an amount with its currency, MOMENT($seconds) a date and time.

## Arriving

welcome =
    Welcome! Buy credits here and spend them on work I do for you.

    Choose a package to begin, or see /help for everything I can do.
welcome-gift =
    Welcome! Buy credits here and spend them on work I do for you.

    The first { CREDITS($credits) } credits are a gift. Choose a package when you want more, or see /help for everything I can do.
welcome-back = Welcome back! Balance: { CREDITS($balance) } credits.
help =
    What I can do for you:

    /buy – buy credits
    /balance – see how many you have
    /history – see where they came from and where they went
    /paysupport – get help with a payment
    /terms – read the terms of sale
not-understood = Sorry, I did not understand that. See /help for what I can do.

## Buying

shop = Choose a package:
package-button = { SHORT($credits) } credits · { MONEY($amount, $currency) }
pay-button = ➡️ Proceed to Payment
again-button = Try again: { SHORT($credits) } credits · { MONEY($amount, $currency) }
checkout-link = Please complete your purchase using the link below:
checkout-paid = ✅ Paid: { CREDITS($credits) } credits for { MONEY($amount, $currency) }.
checkout-on-its-way = ⏳ Your bank transfer is on its way. The credits are added when the money arrives.
checkout-failed = ❌ The payment did not come through. Nothing was charged.
checkout-expired = ⌛ This payment link has expired. Nothing was charged.
payment-received = Payment received: { CREDITS($credits) } credits added. Balance: { CREDITS($balance) } credits.
payment-on-its-way = Thank you! Your bank transfer is on its way. This can take a few days. Your credits are added as soon as the money arrives, and I will write to you then.
payment-failed = Sorry, your bank transfer did not go through. Nothing was charged and no credits were added. You can try again:
still-on-its-way = Your earlier bank transfer for this package is still on its way, and its credits are added when it arrives. No need to pay again. Should you want the package once more, here is a second purchase:
mock-success = Success! Your MOCK purchase was processed. New balance: { CREDITS($balance) }

## The books

balance = Balance: { CREDITS($balance) } credits
balance-held = Held: { CREDITS($held) } credits
balance-more = Get more with /buy, or see where they went with /history.
history = Your credits, the latest changes first:
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

    • Paid by card? The credits come within seconds. A bank transfer can take a few days.
    • Did the payment page close or fail? Press the package again. An unfinished payment is continued, so you are never charged twice for it.
    • Still something wrong? Write /paysupport and your question in one message, like: /paysupport I paid twice for purchase 7
paysupport-line = • Purchase { $purchase }, { MOMENT($at) } UTC: { CREDITS($credits) } credits for { MONEY($amount, $currency) }, { $state ->
        [open] not paid yet
        [processing] bank transfer on its way
        [paid] paid and credited
        [expired] expired, nothing charged
        [failed] failed, nothing charged
       *[other] { $state }
    }
paysupport-sent = Thank you! Your question is with the operator of this bot, who can see your purchases and will write to you here in Telegram.
paysupport-alone = This bot has nobody set up to answer here. Please write to whoever runs it and give your customer number, { $user }.
paysupport-question =
    ❓ A question about a payment from { $name } (customer number { $user }):

    { $question }
paysupport-none = You have not bought anything yet. See /buy for what is on sale.
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
command-balance = How many credits you have
command-history = Where they came from and went
command-help = What this bot can do
command-paysupport = Help with a payment
command-terms = Terms of sale
