-- stored::given_up
select count(*) from subscriptions where disabled_at >= $1 /* since */
