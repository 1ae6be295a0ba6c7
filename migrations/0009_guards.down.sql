DROP TABLE console_sessions;
DROP TABLE alert_mutes;
DROP TABLE alerts;
DROP TABLE breakers;
