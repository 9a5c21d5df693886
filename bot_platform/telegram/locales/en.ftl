# What people read, in English. A text's name never changes; its words may.
# CREDITS($n) writes hundredths as 98.90, SHORT($n) 100.00 as 100, SIGNED($n) with a plus, MONEY($minor, $currency)
# an amount with its currency, MOMENT($seconds) a date and time.

## Before Start is pressed

bot-description =
    Buy credits here and spend them on work I do for you.

    Press Start to see the packages and everything I can do.
bot-short-description = Credits, and work that is done for them.

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

    { $work }
    /jobs – see what runs and what waits
    /cancel – stop it
    /new – begin a new conversation
    /forget – erase the texts of your work

    /buy – buy credits
    /balance – see how many you have
    /history – see where they came from and where they went
    /paysupport – get help with a payment
    /terms – read the terms of sale
    /privacy – see what is kept about you
help-line = /{ $command } – { $what }
not-understood = Sorry, I did not understand that. Put /ask before a question, or see /help for what I can do.
forwarded = To ask about a forwarded message, reply to it with /ask and your question. Its text is then a part of what I read.
only-words = I can read only words so far, and not { unread-thing }. Put /ask before a question in words, or see /help for what I can do.
order-unread = I can read only words so far, and not { unread-thing }. So I have not started, and nothing was charged. { $words ->
        [0] Write what you want to know in words.
       *[other] Shall I go on with your words alone?
    }
order-unread-long = I can read only words so far, and not { unread-thing }. So I have not started, and nothing was charged. Your words came in several messages: please send them again, and nothing with them.
unread-thing = { $what ->
        [picture] the picture
        [recording] the recording
        [video] the video
        [file] the file
        [sticker] the sticker
        [place] the place
        [contact] the contact
        [poll] the poll
        [list] the list
        [reply] what you replied to
       *[other] everything in your message
    }
words-alone-button = Go on with the words alone
order-words-gone = I no longer find your message. Please write the question again, in words.

## Buying

shop = Choose a package:
package-button = { SHORT($credits) } credits · { MONEY($amount, $currency) }
pay-button = ➡️ Proceed to Payment
paid-button = I have paid
again-button = Try again: { SHORT($credits) } credits · { MONEY($amount, $currency) }
checkout-link = Please complete your purchase using the link below:
checkout-paid = ✅ Paid: { MONEY($amount, $currency) }.
checkout-reversed = ↩️ Paid, then refunded or disputed: { CREDITS($reversed) } of { CREDITS($credits) } credits were taken back.
checkout-on-its-way = ⏳ Your payment is on its way.
checkout-kept-aside = { $returned ->
        [yes] ↩️ Paid, and returned: the payment did not match the price.
       *[no] 🔎 Paid. The payment does not match the price, so a person looks at it.
    }
checkout-failed = ❌ Not paid.
checkout-expired = ⌛ This payment link has expired. Nothing was charged.
payment-received = Payment received: { CREDITS($credits) } credits added. Balance: { CREDITS($balance) } credits.
payment-on-its-way = Thank you! Your payment is on its way. A bank transfer or a voucher can take a few days; a voucher has to be paid first. Your credits are added as soon as the money arrives, and I will write to you then.
payment-failed = Sorry, your payment did not go through. Nothing was charged and no credits were added. You can try again:
payment-kept-aside = Your payment is here, but it does not match the price of what you chose, so no credits were added yet. A person looks at it now, and either adds your credits or returns the money. You need not pay again. Questions? Write to /paysupport and name purchase { $purchase }.
payment-returned = The money of purchase { $purchase } was returned to you: it did not match the price. No credits were added for it.
still-kept-aside = Your earlier payment for this package (purchase { $purchase }) is here, and a person looks at it: it did not match the price. No need to pay again. Should you want the package once more, here is a second purchase:
still-on-its-way = Your earlier payment for this package is still on its way, and its credits are added when it arrives. No need to pay again. Should you want the package once more, here is a second purchase:
checked = { $state ->
        [open] No payment has arrived yet. If you have just paid, wait a minute and press the button again. If not, the link above still works.
        [processing] Your payment is on its way. A bank transfer or a voucher can take a few days, and I will write to you as soon as the money arrives.
        [kept_aside] Your payment is here, but it does not match the price of what you chose. A person looks at it, and either adds your credits or returns the money. You need not pay again.
        [returned] The money of this payment was returned to you: it did not match the price.
        [expired] This payment link has expired, and nothing was charged on it.
        [failed] This payment did not come through, and nothing was charged.
       *[other] This purchase is paid and your credits were added. See /history for where they went.
    }
mock-success = Success! Your MOCK purchase was processed. New balance: { CREDITS($balance) }

credits-taken-back =
    { $why ->
        [dispute] { $part ->
            [yes] A part of your payment
           *[no] Your payment
        } of { MONEY($amount, $currency) } is disputed at your bank, so that money is not with us now: { CREDITS($credits) } credits were taken back.
       *[refund] { $part ->
            [yes] A part of your payment
           *[no] Your payment
        } of { MONEY($amount, $currency) } was refunded: { CREDITS($credits) } credits were taken back.
    } { $debt ->
        [yes] Balance: { CREDITS($balance) } credits. The missing ones were spent already: your next purchase repays them first.
       *[no] Balance: { CREDITS($balance) } credits.
    } { $why ->
        [dispute] Questions? See /paysupport.
       *[refund] The money is on its way back to where it came from.
    }
credits-given-back =
    { $why ->
        [dispute] The dispute about your payment of { MONEY($amount, $currency) } is settled: { CREDITS($credits) } credits are yours again.
       *[refund] The refund of your payment of { MONEY($amount, $currency) } did not go through: { CREDITS($credits) } credits are yours again.
    } Balance: { CREDITS($balance) } credits.
spending-frozen = Your bank has asked about one of your payments. Your credits stay as they are, but nothing new can be started until that is answered. Questions? See /paysupport.
spending-free = The question about your payment is settled: you can use your credits again.
spending-free-disputed = Your bank's question has become a dispute, so the freeze has ended: whatever credits you have can be used again.
credits-granted =
    You were given { CREDITS($credits) } credits. Balance: { CREDITS($balance) } credits.

    Why: { $reason }
credits-withdrawn =
    { CREDITS($credits) } credits were taken from you. Balance: { CREDITS($balance) } credits.

    Why: { $reason }

banned = The operator has closed your account for new orders. What you have stays yours, and work that runs comes to its end. Questions? See /paysupport.{ $reason ->
        [none] {""}
       *[other] {"\u000A\u000A"}Why: { $reason }
    }
let-back = Your account is open again: you can buy, and use your credits.{ $reason ->
        [none] {""}
       *[other] {"\u000A\u000A"}Why: { $reason }
    }

## The books

balance = Balance: { CREDITS($balance) } credits
balance-held = Held: { CREDITS($held) } credits
balance-debt = This is a debt from a refunded or disputed payment: your next purchase repays it first.
balance-frozen = Nothing new can be started now: your bank has asked about one of your payments. See /paysupport.
balance-banned = The operator has closed your account for new orders. What you have stays yours: see /paysupport.
balance-more = Get more with /buy, or see where they went with /history.
history = Your credits, the latest changes first:
history-line =
    { SIGNED($amount) } { $kind ->
        [purchase] bought
        [welcome] welcome gift
        [charge] paid for /{ $what }
        [reversal] refunded or disputed payment
        [returned] given back after a refund or dispute
        [grant] by the operator
       *[other] { $kind }
    } · { MOMENT($at) } UTC · balance { CREDITS($after) }
history-empty = No credits have come or gone yet. Get some with /buy.

## Paid work

work-accepted = ⏳ On it. This costs up to { CREDITS($most) } credits.{ $short ->
        [0] {""}
       *[other] {" "}{ work-short }
    }
work-woken = ✅ Your credits are here, so this { $parts ->
        [0] starts
       *[other] goes on
    } now. It costs up to { CREDITS($most) } credits{ $parts ->
        [0] .
       *[other] {" "}more.
    }{ $short ->
        [0] {""}
       *[other] {" "}{ work-short }
    }
work-short = Should your credits run out before, I keep what is finished and go on when you have more.
work-below = ⤵️ See below.
work-waits =
    { $parts ->
        [0] This costs up to { CREDITS($most) } credits, and you have { CREDITS($available) }.
       *[other] ⏸ { $done } of { $parts } parts are finished and kept. The rest costs up to { CREDITS($most) } credits, and you have { CREDITS($available) }.
    } { $before ->
        [0] { CREDITS($missing) } are missing to { $parts ->
            [0] start it.
           *[other] go on.
        }
        [one] One order waits before it; to start both, { CREDITS($missing) } are missing.
       *[other] { $before } orders wait before it; to start all of them, { CREDITS($missing) } are missing.
    }

    Nothing is lost: it waits here for three days, and { $parts ->
        [0] starts
       *[other] goes on
    } by itself as soon as you have the credits.
work-waits-frozen = This waits: your bank has asked about one of your payments, so nothing new can be started until that is answered. Then it starts by itself. It costs up to { CREDITS($most) } credits.
work-waits-banned = This waits: the operator has closed your account for new orders. See /paysupport.
work-waits-broken = This waits: something is wrong with the record of your credits. The operator knows, nothing is lost, and it starts by itself when that is mended.
work-progress =
    { $bar } { $done }/{ $parts } { $what }

    It costs up to { CREDITS($most) } credits more.
work-draft = { $more ->
        [0] …
       *[other] … the rest follows when it is complete.
    }
work-charge = { $charged ->
        [0] Nothing was charged.
       *[other] Only what was finished was charged: { CREDITS($charged) } credits.
    }
work-stopping = ⏹ Stopping…
work-done = ✅ { CREDITS($charged) } credits. You have { CREDITS($available) } left.
work-cut = ⚠️ The answer was cut off here. You pay only for what came: { CREDITS($charged) } credits.
work-length = ⚠️ This is as long as one answer can be: it was cut here. { CREDITS($charged) } credits. You have { CREDITS($available) } left. Send "go on" to read on.
work-thinking = 💭 Thinking…
work-cancelled = ⏹ Stopped. { work-charge }
work-expired = ⌛ The credits for this did not come within three days, so it waits no longer. { work-charge }
work-failed = 😕 Something broke on my side while I worked on this. { work-charge }
work-empty = 😕 No answer came. { work-charge } Try to say it in another way.
work-forgotten = This was erased, as you wished or because it was old.
work-whole-answer = 📄 The whole answer: it is too long for messages.
work-files = 📦 { $name }{ $whole ->
        [yes] {""}
       *[no] , what is finished so far
    }
model-down = 😕 The AI does not answer at this moment. { work-charge } Try again in a few minutes.
model-busy = 😕 The AI has too much to do at this moment. { work-charge } Try again in a few minutes.
model-cut = 😕 The AI broke off in the middle. { work-charge } Try again.
model-refused = 😕 The AI does not want to answer this. { work-charge } Try to say it in another way.
model-unclear = 😕 The AI refused this, and I do not know why. { work-charge } Try to say it in another way.
model-too-long = 😕 This is more than the AI can read at once. { work-charge } Shorten it, or begin anew with /new.
model-length = 😕 The answer was longer than the AI may write at once. { work-charge } Ask for less at a time.
model-thought = 😕 The AI thought about this until its limit was reached, and wrote nothing. { work-charge } Ask for less at a time.
model-empty = 😕 No answer came. { work-charge } Try to say it in another way.
model-out-of-credit = 😕 The AI cannot be used now, which only the operator of this bot can mend. { work-charge }
model-misconfigured = 😕 The AI is not set up right, which only the operator of this bot can mend. { work-charge }
model-missing = 😕 The AI is not set up here any more, which only the operator of this bot can mend. { work-charge }
build-no-plan = 😕 No plan came of this, so nothing was built. { work-charge } Try to describe it in another way.
build-stopped = ⚠️ I could finish only { $done } of { $of } files; they are below. { work-charge }
low-balance = You have { CREDITS($balance) } credits left. Here is how to get more:
work-not-set-up = This is not set up here yet: the operator of this bot has to name an AI first. Nothing was charged.
work-says-nothing = Write what you want behind the command, like: /{ $command } { $command ->
        [build] a command line tool that renames photos by date
       *[other] how do I undo my last commit?
    }
no-such-job = This has ended already. See /jobs for what runs and waits.
too-many-jobs = { $waiting } of your orders wait already. Stop some of them first, see /jobs.
jobs = What runs and what waits:
jobs-none = Nothing runs and nothing waits.
jobs-line = { $n }. /{ $kind } { $says } – { $state ->
        [running] running{ $parts ->
            [0] { "" }
           *[other] , { $done } of { $parts }
        }
        [queued] about to start
       *[parked] { $missing ->
            [0] waiting
           *[other] waiting for { CREDITS($missing) } more credits
        }
    }, up to { CREDITS($most) } credits
jobs-more = … and { $n } more.
cancel-which = Which one shall I stop?
cancel-one = Stopping /{ $kind } { $says }.
cancel-none = Nothing runs and nothing waits, so there is nothing to stop.
conversation-new = A new conversation begins: what we talked about before is out of my mind.
forgotten = The texts of your work are erased: what you asked, and what came of it. { $open ->
        [0] { "" }
       *[other] What still runs or waits is erased when it ends.
    } Your purchases and charges stay in the books.
order-again-button = Try again
stop-button = Stop
cancel-button = Cancel
cancel-one-button = Stop { $n }
first-button = Do { $n } first
files-button = 📦 Send what is finished
enough-all-button = For all that waits: { SHORT($credits) } credits · { MONEY($amount, $currency) }

## Help with money

paysupport =
    Help with a payment:

    • Paid by card? The credits come within seconds. A bank transfer or a voucher can take a few days.
    • Did the payment page close or fail? Press the package again. An unfinished payment is continued, so you are never charged twice for it.
    • Still something wrong? Write /paysupport and your question in one message, like: /paysupport I paid twice for purchase 7
paysupport-line = • Purchase { $purchase }, { MOMENT($at) } UTC: { CREDITS($credits) } credits for { MONEY($amount, $currency) }, { $state ->
        [open] not paid yet
        [processing] payment on its way
        [paid] paid and credited
        [partly_reversed] paid, { CREDITS($reversed) } credits taken back since
        [reversed] paid, its credits taken back since
        [kept_aside] paid, and a person looks at it
        [returned] paid, and the money was returned
        [expired] expired, nothing charged
        [failed] failed, nothing charged
       *[other] { $state }
    }
paysupport-sent = Thank you! Your question is with the operator of this bot, who can see your purchases and will write to you here in Telegram.
paysupport-words-only = Only your words were passed on, and not { unread-thing }.
paysupport-alone = This bot has nobody set up to answer here. Please write to whoever runs it and give your customer number, { $user }.
paysupport-question =
    ❓ A question about a payment from { $name } (customer number { $user }):

    { $question }
paysupport-questions = { $n ->
        [one] ❓ A question about a payment:
       *[other] ❓ { $n } questions about payments:
    }
paysupport-questions-line = { $name } (customer number { $user }): { $question }
paysupport-too-many = Your last { $most } questions are with the operator of this bot, who will write to you. You can ask again in an hour.
paysupport-none = You have not bought anything yet. See /buy for what is on sale.
terms =
    Terms of sale:

    • Credits are bought from the operator of this bot and spent here on paid work. They are not money and cannot be sent to others.
    • The price is shown before you pay. Credits are added when the payment is confirmed.
    • Work that fails is not charged.
    • For refunds and questions see /paysupport.

privacy =
    What is kept about you:

    • Your Telegram number, your language, and when you first wrote. Not your name or phone number.
    • Your purchases: package, amount, time, and the numbers that the payment provider gave them. They are kept as the record of the sales. Your name, e-mail, address and card stay with the payment provider; this bot does not store them.
    • Every change of your credits, with its reason.
    • What you ask and what comes of it: { $days ->
        [0] erased as soon as it is done.
        [one] erased after a day, or when you send /forget.
       *[other] erased after { $days } days, or when you send /forget.
    } Of your other messages the text is erased as soon as it is handled.
    • What you write to the operator with /paysupport, with your name, so that you can be answered.

    Who else gets something: Telegram carries all messages, the payment provider gets the number of your account here and of the purchase, and the AI provider gets what you ask, without your name.

    Backups of the operator may still have what was erased since, until they are deleted. Questions? See /paysupport.

## When the answer is no

no-account = Could not find your account. Please /start first.
no-such-package = This package is not on sale any more. See /buy for what is.
no-payment-link = Sorry, we could not create a payment link at this time.
mock-failed = An error occurred during the mock purchase.
not-enough = This needs { CREDITS($needed) } credits, and you have { CREDITS($available) }. Get more with /buy.
account-frozen = Nothing new can be started now: your bank has asked about one of your payments. Your credits stay as they are. See /paysupport.
account-banned = The operator has closed your account for new orders. What you have stays yours: see /paysupport.
books-broken = Something is wrong with the record of your credits, so nothing can be started now. The operator knows, and nothing is lost. See /paysupport.
books-broken-operator = The books of this account are off, so nothing moves until they are mended. The audit says what is wrong.
no-such-purchase = There is no such purchase of yours. See /paysupport for the last ones.
cannot-ask-now = The payment could not be looked up at this moment. Nothing is lost: I look again by myself, and add your credits as soon as I see the payment.
link-not-in-use = This payment link is not in use any more, and I cannot see whether it was paid. If you have paid on it, write to /paysupport. If not, press the package for a new link: see /buy.
update-unreadable = That is of a kind I cannot read yet, so nothing was done with it. Please send it as a text message.
server-error = A server error occurred. Please try again later.

## The menu

command-start = Begin
command-buy = Buy credits
command-balance = How many credits you have
command-history = Where they came from and went
command-help = What this bot can do
command-jobs = What runs and what waits
command-cancel = Stop it
command-new = Begin a new conversation
command-forget = Erase the texts of your work
command-ask = Ask a question, and ask on about the answer
command-build = Plan and write a small project, as a ZIP
command-paysupport = Help with a payment
command-support = The same: help with a payment
command-terms = Terms of sale
command-privacy = What is kept about you
command-admin = Look after the shop

## For the operator

operator-event =
    ⚠️ An event about money needs you: { $event } ({ $type }){ $purchase ->
        [none] .
       *[other] , purchase { $purchase }.
    }

    { $reason }

    Nothing was credited for it. See at Stripe whose payment it is: refund it there, or give the credits by /admin grant. If something was broken here and is mended now, look and replay it.
operator-finding =
    ⚠️ A payment at Stripe needs you: { $what }{ $purchase ->
        [none] .
       *[other] , purchase { $purchase }.
    }

    { $reason }

    Nothing was credited for it. Look it up at Stripe: refund it there, or give the credits by /admin grant.
# What a dispute has taken so far, and what became of the credits.
disputed-money = { $taken ->
    [0] None of its money is gone{ $credited ->
        [no] .
       *[other] , and the credits are the buyer's.
    }
   *[other] { $part ->
        [yes] { MONEY($taken, $disputed_currency) } of its money is gone
       *[no] Its money is gone
    }{ $credited ->
        [no] ; no credits were given for it.
       *[other] , and { $part ->
            [yes] as much of its credits was taken back.
           *[no] its credits were taken back.
        }
    }
}
operator-dispute = { $stage ->
        [inquiry] ⚠️ A bank asks about purchase { $purchase } ({ MONEY($amount, $currency) }). Nothing was taken yet; the buyer cannot start anything new until it is closed. Answer in the Stripe Dashboard, or let the buyer go on with: /admin lift { $user }
        [warned] ⚠️ A bank warns of fraud about purchase { $purchase } ({ MONEY($amount, $currency) }). A refund now may avoid a dispute: /admin refund { $purchase } fraud warning. The buyer cannot start anything new until then, or until: /admin lift { $user }
        [disputed] ⚠️ Purchase { $purchase } is disputed over { MONEY($disputed, $disputed_currency) }. { disputed-money } Answer in the Stripe Dashboard before the deadline there.
        [appealed] ⚠️ The lost dispute about purchase { $purchase } is appealed. { disputed-money } Follow it in the Stripe Dashboard.
        [lost] The dispute about purchase { $purchase } is lost. { disputed-money } Nothing is left to do.
        [prevented] The dispute about purchase { $purchase } ended before the bank decided. { disputed-money } Nothing is left to do.
        [won] { $taken ->
            [0] ✅ The dispute about purchase { $purchase } is won. { disputed-money } Nothing is left to do.
           *[other] The dispute about purchase { $purchase } is won. { disputed-money } When Stripe returns it, the credits follow by themselves.
        }
       *[other] Purchase { $purchase }: { $stage }. Follow it in the Stripe Dashboard.
    }
operator-unknown-status =
    ⚠️ Stripe gives { $what } of purchase { $purchase } ({ MONEY($amount, $currency) }) the status “{ $status }”, which this version does not know.

    Until Stripe gives another status it counts as open. See it in the Stripe Dashboard, and look for a newer version of this software.
operator-refund-undone = ⚠️ The refund of purchase { $purchase } ({ MONEY($amount, $currency) }) did not go through, and its credits are the buyer's again. See the Stripe Dashboard for why.
operator-refund-refused =
    ⚠️ The refund of { MONEY($amount, $currency) } for purchase { $purchase } was refused, and nothing was returned: { $reason }

    See what it names in the Stripe Dashboard: the balance, the payment, or the permissions of the key. Then refund it again: /admin refund { $purchase } why. Or refund it in the Dashboard; the buyer is told then too.
operator-notice-lost =
    ⚠️ A message to { $user } could not be sent, and is given up: { $error }

    { $about ->
        [job] It was about their work { $number }, which they may have paid. See by the button what it cost, and write to them in another way or give it back: /admin grant { $user } 1.00 your answer was lost
        [purchase] It was about purchase { $number }. See by the button what became of it, and write to them in another way.
       *[other] See by the button who they are, and write to them in another way.
    }
operator-update-given-up = ⚠️ { $user ->
        [none] What somebody
       *[other] What { $user }
    } wrote or pressed is given up: { $why ->
        [unreadable] this version cannot read it, and has asked for a text instead. Look for a newer version of this software.
        [telegram] Telegram has not taken the answer for hours. See whether this machine reaches Telegram (PROXY_URL, TELEGRAM_API_BASE), and ask: run.py doctor
        [database] the database could not be used for hours. See its log and its limits, and ask: run.py doctor
       *[stopped] each time that it was handled, the program broke. See the log before “telegram.gave_up”, whether this machine has memory enough, and look for a newer version of this software.
    }

    I write this once a day, and have asked the sender to try again. What else was given up stands in /admin.
operator-books-off =
    🚨 The books are off: { $count ->
        [one] one row breaks
       *[other] { $count } rows break
    } a rule. The users of these rows cannot spend until they are repaired. See all rows with: run.py audit

    { $rows }
operator-outage = 🚨 { $party ->
        [stripe] { $why ->
            [misconfigured] Stripe has refused our key for { $minutes } minutes, so nobody can buy. Has it been rolled or revoked? Put the new one into STRIPE_SECRET_KEY and start the service again.
           *[other] Stripe has not answered for { $minutes } minutes, so nobody can buy. See https://status.stripe.com, and whether this machine reaches the internet. Payments made meanwhile are credited as soon as it answers.
        }
        [sales] Stripe has opened no payment page for { $minutes } minutes, although it answers other questions, so nobody can buy. See https://status.stripe.com; run.py doctor opens a page as a buyer would, and says whether it works.
        [updates] { $why ->
            [token] Telegram has refused our token for { $minutes ->
                [one] one minute
               *[other] { $minutes } minutes
            }, so nobody is answered. Has it been revoked? @BotFather shows the new one: put it into TELEGRAM_BOT_TOKEN and start the service again.
            [conflict] For { $minutes ->
                [one] one minute
               *[other] { $minutes } minutes
            } something else has taken this bot's updates, so nobody is answered. Stop the other program that uses this TELEGRAM_BOT_TOKEN, or its webhook, which run.py doctor names.
            [delivery] For { $minutes ->
                [one] one minute
               *[other] { $minutes } minutes
            } Telegram could not post this bot's updates to WEBAPP_URL, so nobody is answered. See what run.py doctor says of “Telegram last error”: often the certificate has expired, the address does not lead here, or another TELEGRAM_WEBHOOK_SECRET is set. Telegram keeps what people write for a day.
           *[other] Telegram has given us no updates for { $minutes ->
                [one] one minute
               *[other] { $minutes } minutes
            }, so nobody is answered. See whether this machine reaches Telegram (PROXY_URL, TELEGRAM_API_BASE). Telegram keeps what people write for a day.
        }
        [credit] The AI's account has no credit left, so paid work fails and is not charged. Add credit at the AI's provider.
       *[model] { $why ->
            [misconfigured] The AI refuses each request as set up wrong, so paid work fails and is not charged. See AI_BASE_URL, AI_API_KEY and AI_MODEL, and ask: run.py doctor
            [refused] The AI refuses one question after the other, and answers nobody, so paid work fails and is not charged. See AI_MODEL and the account at the AI's provider, and ask: run.py doctor
            [unclear] The AI refuses one request after the other, for a reason that is new to me, so paid work fails and is not charged. The log has its code. See AI_MODEL and the account at the AI's provider, and ask: run.py doctor
            [empty] The AI ends each answer without a text that can be read, so paid work fails and is not charged. See AI_BASE_URL and AI_MODEL, whether it is a model that answers in a chat, and ask: run.py doctor
            [busy] The AI has turned us away for { $minutes } minutes, so paid work fails and is not charged. See the limits and the balance of its account.
           *[other] The AI has not answered for { $minutes } minutes, so paid work fails and is not charged. See its provider's status page.
        }
    } I go on trying, and write when it works again.
operator-outage-over = ✅ { $party ->
        [stripe] Stripe
        [sales] Stripe's payment page
        [updates] Telegram
       *[model] The AI
    } works again, after { $minutes ->
        [one] one minute.
       *[other] { $minutes } minutes.
    } { $party ->
        [stripe] Payments that were missed are being credited now.
        [sales] People can buy again.
        [updates] What people wrote meanwhile is being answered now.
       *[model] Paid work can be ordered again.
    }
operator-refused =
    🚨 { $what ->
        [sale] Stripe has refused the last three sales. Buyers read that no payment link could be made.
        [refund] Stripe has refused the last three refunds.
       *[question] Stripe refuses to answer our questions. Payments and refunds that no webhook reports stay unknown.
    } It says:

    { $says }

    { $what ->
        [sale] Correct what it names, at Stripe or in the price list. run.py doctor opens a checkout as a buyer would, and says whether it works.
        [refund] See the balance and the key's permissions in the Stripe Dashboard; run.py doctor checks the permissions.
       *[question] Give the key the permission that it names; run.py doctor checks all of them.
    } I write when it works again.
operator-refused-over = ✅ Stripe { $what ->
        [sale] sells
        [refund] returns money
       *[question] answers our questions
    } again.
operator-webhooks-late = ⚠️ Stripe's webhooks do not arrive. Payments were found only by asking Stripe, so buyers waited minutes for their credits. { $refused ->
        [0] Nothing was delivered to this process. Look in the Stripe Dashboard, Developers, Webhooks, whether our endpoint is there and enabled, and what it answers.
       *[other] Deliveries refused because their signature is wrong: { $refused }. STRIPE_WEBHOOK_SECRET must be the secret that the Stripe Dashboard, Developers, Webhooks, shows for our endpoint.
    } run.py doctor checks the endpoint. I write when a webhook arrives.
operator-webhooks-late-over = ✅ Stripe's webhooks arrive again.

## What operators see and do in Telegram

admin-help =
    /admin – today at a glance
    /admin 4711 – a person by their customer number, or a purchase by its number
    /admin cs_test_a1b2 – a purchase by what Stripe calls it (cs_, pi_, re_, du_), or an event (evt_)
    /admin grant 4711 5.00 sorry for the wait – give credits; -5.00 takes them. The reason is read by the person
    /admin refund 12 paid twice – return all of a purchase; I ask once more
    /admin refund 12 2.50 half of it – return a part, in the purchase's currency
    /admin ban 4711 spam – nothing new for this person; /admin unban 4711 lets them back
    /admin lift 4711 – let a person spend although a bank asks about a payment
    /admin say We are back! – a message to everybody; I show it to you first
admin-today =
    Today, until { MOMENT($at) } UTC

    Taken: { $takings }
    Sales: { $sales }, and { $failed ->
        [0] none failed
       *[other] { $failed } failed
    }
    Credits: { CREDITS($sold) } sold, { CREDITS($spent) } spent, { CREDITS($given) } given, { CREDITS($back) } taken back
    Work: { $running } running, { $queued } about to start, { $parked } waiting for credits
    Messages to be sent: { $messages }
    Events that failed: { $events }{ $events ->
        [0] {""}
       *[other] {" "}⚠️
    }
    Books: { $books ->
        [off] 🚨 off, see run.py audit
        [never] not proved yet
       *[fine] they balanced at { MOMENT($proved) } UTC
    }

    /admin help says what else I can do.
admin-takings = { MONEY($amount, $currency) } by { $provider }{ $returned ->
        [0] {""}
       *[other] {" "}({ MONEY($gross, $currency) } less { MONEY($returned, $currency) } returned)
    }
admin-look = Needs a look ⚠️
admin-look-more = … and { $n } more
admin-finding = • { $kind ->
        [dispute] Purchase { $number }: a dispute over { MONEY($amount, $currency) } is open since { MOMENT($at) } UTC. Answer it in the Stripe Dashboard before its deadline.
        [appeal] Purchase { $number }: an appeal is open. Follow it in the Stripe Dashboard.
        [inquiry] Purchase { $number }: the bank asks. Answer in the Stripe Dashboard, or: /admin refund { $number } inquiry
        [warning] Purchase { $number }: the bank warns of fraud. A refund may avoid a dispute: /admin refund { $number } fraud warning
        [refund] Purchase { $number }: a refund of { MONEY($amount, $currency) } was refused ({ $why }). Mend the reason, then: /admin refund { $number }
        [update] What { $number } wrote or pressed was given up: { $why ->
            [telegram] Telegram did not take the answer.
            [database] the database could not be used.
           *[other] the program broke each time.
        } They were asked to try again; ask them whether it works: /admin { $number }
        [kept_aside] Purchase { $number }: its buyer paid, and the money does not match the price. Return it in the Stripe Dashboard, or correct the price list, then see it again: /admin { $number }
        [event] Event { $number } failed ({ $why }). Mend the reason, then replay it by the button below.
       *[message] A message to { $number } was given up ({ $why }). Write to them in another way: /admin { $number }
    }
admin-takings-none = nothing yet
admin-failed = Events that failed, the latest first:
admin-failed-none = No event has failed.
admin-event-line = { $n }. { $event } ({ $type }), { MOMENT($at) } UTC: { $reason }
admin-waits =
    What waits:

    Work: { $running } running, { $queued } about to start, { $parked } waiting for credits
    Messages to be sent: { $messages }{ $messages ->
        [0] {""}
       *[other] , the oldest for { $oldest } s
    }
    Refunds that Stripe has not answered: { $refunds }
    Bank transfers on their way: { $transfers }
admin-sales = The last sales:
admin-sales-none = Nothing has been sold yet.
admin-sale-line = { $n }. Purchase { $purchase }, { MOMENT($at) } UTC: { SHORT($credits) } credits for { MONEY($amount, $currency) }, { $state ->
        [partly_reversed] some taken back
        [reversed] taken back
       *[paid] by { $user }
    }
admin-found-nothing = Nothing here is called “{ $what }”. I know people by their customer number, purchases by their number or as Stripe calls them (cs_, pi_, re_, du_), and events (evt_). See /admin help.
admin-not-a-person = { $what } is no customer number of anybody here. It is the number that /paysupport shows, such as: /admin { $verb } 4711
admin-not-a-purchase = { $what } is no number of a purchase. Write it like: /admin refund 12 paid twice
admin-how-grant = Write who, how many credits, and why, like: /admin grant 4711 5.00 sorry for the wait
admin-how-refund = Write which purchase and why, like: /admin refund 12 paid twice. A part: /admin refund 12 2.50 half of it
admin-refund-how-this = A refund wants a reason. Write it like: /admin refund { $purchase } paid twice. I show you what it does before it is done.
admin-how-who = Write for whom, like: /admin { $verb } 4711
admin-how-say = Write what everybody is to read, like: /admin say We are back!
admin-say-words-only = Only words can be sent to everybody, and not { unread-thing }. Nothing was sent: write the words alone.
admin-reason-too-long = The reason is too long: { $most } characters at most.
admin-person =
    👤 { $user }{ $blocked ->
        [yes] {" "}(has blocked the bot)
       *[no] {""}
    }, here since { MOMENT($since) } UTC

    Balance: { CREDITS($balance) } credits{ $held ->
        [0] {""}
       *[other] , and { CREDITS($held) } held
    }
    Purchases: { $paid } paid, { $unpaid } not
    Work: { $open } open, { $done } done, { $failed } failed
    Unsent messages: { $unsent }
admin-person-frozen = 🧊 Frozen: a bank asks about a payment, so nothing new can be started.
admin-person-banned = ⛔ Banned: nothing new can be started.
admin-person-broken = 🚨 The books of this person are off, so nothing can be spent. See run.py audit.
admin-person-grant = Give credits: /admin grant { $user } 5.00 why
admin-life = 👤 { $user }, the latest last:
admin-purchase = 🧾 Purchase { $purchase } of { $user }: { SHORT($credits) } credits for { MONEY($amount, $currency) }, { $state ->
        [open] not paid yet
        [processing] payment on its way
        [paid] paid
        [partly_reversed] paid, { CREDITS($reversed) } credits taken back
        [reversed] paid, its credits taken back
        [kept_aside] kept aside: the money does not fit, see the event or the alert. Refund it at Stripe, or correct the price list and check this again
        [returned] kept aside, and the money was returned
        [expired] expired
       *[failed] failed
    }
admin-purchase-refs = { $provider } { $session } { $payment }
admin-earlier = … { $n } earlier
story = { MOMENT($at) } { $what ->
        [arrived] pressed Start
        [opened] purchase { $purchase } opened: { SHORT($credits) } credits for { MONEY($amount, $currency) }
        [link] got the link
        [transfer] payment on its way
        [aside] money came that does not fit, and was kept aside
        [returned] the money that was kept aside was returned
        [failed] the payment failed
        [paid] paid { MONEY($amount, $currency) } by { $by }
        [receipt] { $told ->
            [sent] receipt sent
            [dead] the receipt could not be sent
           *[pending] the receipt waits to be sent
        }
        [purchase] { SIGNED($credits) } credited, balance { CREDITS($after) }
        [welcome] { SIGNED($credits) } welcome gift, balance { CREDITS($after) }
        [charge] { SIGNED($credits) } for /{ $note }, balance { CREDITS($after) }
        [charges] { CREDITS($credits) } spent since then, in { $n ->
            [one] one charge
           *[other] { $n } charges, the last of them now
        }
        [reversal] { SIGNED($credits) } for a refund or dispute, balance { CREDITS($after) }
        [grant] { SIGNED($credits) } by hand ({ $note }), balance { CREDITS($after) }
        [refund] refund of { MONEY($amount, $currency) } asked for ({ $note }): { $state ->
            [asked] Stripe has not answered yet
            [failed] it failed, { $error }
           *[done] done
        }
        [said] Stripe: { $stage } { MONEY($amount, $currency) }
        [asked] the bank: { $stage }
       *[act] { $by }: { $act }{ $note ->
            [none] {""}
           *[other] {" "}({ $note })
        }
    }
admin-event-not-kept = Nothing more of it is kept, because it is about no sale of this bot. A replay reads it from Stripe, which has it for 30 days.
admin-event =
    📨 { $event } ({ $type })

    Came: { MOMENT($at) } UTC
    { $state ->
        [received] Waits to be handled{ $tries ->
            [0] .
           *[other] , after { $tries } tries.
        }
        [handled] Handled.
        [ignored] Ignored.
       *[failed] Failed.
    } { $reason }
admin-replayed = { $event } is handled once more. Look in a moment what came of it.
admin-moved-on = This has changed since. Here is how it stands now:
admin-checked = { $changed ->
        [yes] ✅ That was news: purchase { $purchase } has changed.
       *[no] Nothing new about purchase { $purchase }.
    }
admin-nobody-to-ask = Purchase { $purchase } has no Stripe checkout to look up.
admin-cannot-ask = Stripe does not answer now. I ask again by myself; try it here in a minute.
admin-granted = { SIGNED($credits) } credits for { $user }, who has { CREDITS($balance) } now and was told why.
admin-banned = ⛔ { $user } is banned, and was told so.
admin-banned-before = { $user } was banned before. Nothing has changed.
admin-unbanned = { $user } may begin new things again, and was told so.
admin-unbanned-before = { $user } is not banned. Nothing has changed.
admin-lifted = { $user } may spend again, and was told so.
admin-lifted-before = { $user } is not frozen. Nothing has changed.
admin-refund-draft =
    Refund { MONEY($amount, $currency) } of purchase { $purchase } to { $user }?

    It takes back { CREDITS($takes) } credits. { $debt ->
        [0] {""}
       *[other] ⚠️ { CREDITS($debt) } of them are spent, and become a debt.
    }
    Why: { $reason }
admin-refund-asked = ↩️ The refund of { MONEY($amount, $currency) } for purchase { $purchase } is on its way to Stripe. The outcome will stand here.
admin-refund-done = ✅ Stripe has accepted the refund of { MONEY($amount, $currency) } for purchase { $purchase }. The buyer was told.
admin-refund-undone = ❌ The refund of { MONEY($amount, $currency) } for purchase { $purchase } did not go through at the bank: nothing was returned, and its credits are the buyer's again.
admin-refund-refused = ❌ The refund of { MONEY($amount, $currency) } for purchase { $purchase } was refused, and nothing was returned: { $reason }
admin-refund-dropped = Nothing was refunded of purchase { $purchase }.
admin-draft-gone = This cannot be done from here any more. Write it again, see /admin help.
admin-say-draft = This is what { $people ->
        [one] one person
       *[other] { $people } people
    } would read:
admin-say-dropped = Nobody was written to.
admin-say-progress = { $state ->
        [running] 📣 Being sent: { $sent } have it, { $unreached } could not be reached, { $left } to go.
        [stopped] ⏹ Stopped: { $sent } have it, { $unreached } could not be reached, { $left } were not written to.
       *[done] ✅ Sent: { $sent } have it, { $unreached } could not be reached.
    }
admin-say-one-runs = Another message to all is being sent. Wait for its end, or stop it: see /admin.
admin-say-too-long = This is too long: { $most } characters at most.
look-button = Look
failed-button = What failed ({ $n })
waits-button = What waits
sales-button = Last sales
said-button = Message to all
nth-button = Look at { $n }
person-button = The person
purchase-button = Purchase { $purchase }
life-button = Story
ban-button = Ban
unban-button = Let back
lift-button = Lift the freeze
check-button = Ask Stripe again
refund-button = Refund…
refund-yes-button = Yes, refund { MONEY($amount, $currency) }
no-button = No
replay-button = Replay
say-yes-button = Send to { $people }
halt-button = Stop

## The operator's commands

refund-no-purchase = There is no purchase { $purchase }.
refund-kept-aside = The money of purchase { $purchase } was kept aside, because it does not fit. Return it in Stripe's Dashboard (payment { $payment }): the buyer is told then.
refund-not-paid = Purchase { $purchase } was never paid, so there is nothing to return.
refund-no-way = Purchase { $purchase } was paid through { $provider }, which cannot be asked from here: check STRIPE_SECRET_KEY.
refund-no-way-hint-page = The mock moves no money.
refund-too-much = { MONEY($wanted, $currency) } cannot be returned: of this purchase { MONEY($left, $currency) } is left to return.
refund-spent = The credits are spent: the refund takes back { CREDITS($needed) } and { CREDITS($available) } are there.
refund-spent-hint-telegram = Write the refund again: I then show you the debt before anything is returned.
refund-spent-hint-page = Go back and tick the box to return the money all the same: the missing credits become a debt.
refund-spent-hint-console = With --force the money is returned all the same, and the missing credits become a debt.
refund-debt-grew = More was spent since you saw this: { CREDITS($debt) } credits would become a debt now. Nothing was returned; begin again to see it.
grant-id-used = The id { $id } stands for another grant already: to another person, or of another number of credits. Nothing was changed.
grant-id-used-hint-page = This form was used before: begin again on the person's page.
grant-too-much = { CREDITS($wanted) } credits cannot be taken: { CREDITS($available) } are available.
