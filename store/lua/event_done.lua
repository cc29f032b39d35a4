-- event_done takes the oldest event out of the outbox of a webhook, if it still is the one that was delivered.
--
-- KEYS  1 webhook:<name>:outbox
-- ARGV  1 the event's first line
local event = redis.call('LINDEX', KEYS[1], 0)
if event and string.match(event, '^[^\n]*') == ARGV[1] then redis.call('LPOP', KEYS[1]) end
return {'ok'}
