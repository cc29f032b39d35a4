// The emoji that chat-ops messages use, by Slack's names. One that is missing shows as it is written.
export const emoji = {
  alarm_clock: "⏰", arrow_right: "➡️", arrows_counterclockwise: "🔄", ballot_box_with_check: "☑️", bell: "🔔", black_circle: "⚫",
  broom: "🧹", bulb: "💡", calendar: "📅", checkered_flag: "🏁", clipboard: "📋", clock1: "🕐", construction: "🚧", electric_plug: "🔌",
  exclamation: "❗", eyes: "👀", fire: "🔥", gear: "⚙️", grey_question: "❔", hammer_and_wrench: "🛠️",
  heavy_check_mark: "✔️", heavy_minus_sign: "➖", heavy_plus_sign: "➕", hourglass: "⌛", hourglass_flowing_sand: "⏳",
  house: "🏠", information_source: "ℹ️", key: "🔑", large_blue_circle: "🔵", large_green_circle: "🟢",
  large_orange_circle: "🟠", large_red_circle: "🔴", large_yellow_circle: "🟡", leftwards_arrow_with_hook: "↩️",
  link: "🔗", lock: "🔒", mag: "🔍", mailbox: "📫", memo: "📝", no_bell: "🔕", no_entry: "⛔", no_entry_sign: "🚫",
  octagonal_sign: "🛑", package: "📦", pencil2: "✏️", point_right: "👉", pushpin: "📌", question: "❓", red_circle: "🔴", raised_hand: "✋", repeat: "🔁",
  robot_face: "🤖", rocket: "🚀", rotating_light: "🚨", satellite_antenna: "📡", see_no_evil: "🙈", shield: "🛡️",
  skull: "💀", snowflake: "❄️", sparkles: "✨", stethoscope: "🩺", stopwatch: "⏱️", tada: "🎉", "+1": "👍", "-1": "👎",
  thumbsup: "👍", thumbsdown: "👎", twisted_rightwards_arrows: "🔀", unlock: "🔓", wastebasket: "🗑️", warning: "⚠️", wave: "👋", white_check_mark: "✅",
  white_circle: "⚪", wrench: "🔧", x: "❌", zap: "⚡", zzz: "💤",
};
