-- message_record remembers where something was posted. The version stays: the bot's own posting is nothing to show.
--
-- KEYS  1 req:<id>
-- ARGV  1 schema  2 owner  3 field  4 value
--
-- missing, newer
-- fenced  owner has no lease on telling the request any more
local no = unusable(KEYS[1], ARGV[1]) or late(KEYS[1], ARGV[2])
if no then return no end
redis.call('HSET', KEYS[1], ARGV[3], ARGV[4])
return {'ok'}
